// SPDX-License-Identifier: MIT
import GGUF
import Testing

@Suite("SplitRule") struct SplitRuleTests {
  private let tensors = [100, 32, 1, 500, 0, 64].enumerated().map {
    TensorDescription(name: "t\($0.offset)", dimensions: [$0.element], type: .I8)
  }

  @Test func `a number of tensors`() {
    #expect(SplitRule.maxTensors(4).ranges(tensors, alignment: 32) == [0..<4, 4..<6])
    #expect(SplitRule.maxTensors(6).ranges(tensors, alignment: 32) == [0..<6])
    #expect(SplitRule.maxTensors(1).ranges(tensors, alignment: 32).count == 6)
  }

  @Test func `a number of bytes, padding included`() {
    // Padded to 32: 128, 32, 32, 512, 0, 64.
    let ranges = SplitRule.maxBytes(160).ranges(tensors, alignment: 32)
    #expect(ranges == [0..<2, 2..<3, 3..<4, 4..<6])
    #expect(SplitRule.maxBytes(192).ranges(tensors, alignment: 32)[0] == 0..<3)
    #expect(SplitRule.maxBytes(133).ranges(tensors, alignment: 1)[0] == 0..<3)
    #expect(SplitRule.maxBytes(1 << 40).ranges(tensors, alignment: 32) == [0..<6])
  }

  @Test(arguments: [SplitRule.maxBytes(0), .maxBytes(-1), .maxTensors(0), .maxTensors(-5)])
  func `a rule that nothing fits makes a file for each tensor`(rule: SplitRule) {
    let count = rule.ranges(tensors, alignment: 32).count
    #expect(count >= 5 && count <= 6)
  }

  @Test func `sizes whose sum has no place in a number are cut all the same`() {
    let huge = (0..<3).map {
      TensorDescription(name: "t\($0)", dimensions: [1 << 62], type: .I8)
    }
    #expect(SplitRule.maxBytes(.max - 1).ranges(huge, alignment: 32) == [0..<1, 1..<2, 2..<3])
    #expect(SplitRule.maxTensors(2).ranges(huge, alignment: 32) == [0..<2, 2..<3])
  }

  @Test func `a model without tensors is one file`() {
    #expect(SplitRule.maxTensors(1).ranges([], alignment: 32) == [0..<0])
    #expect(SplitRule.maxBytes(1).ranges([], alignment: 32) == [0..<0])
  }

  @Test func `keys of shards have llama.cpp's names and types`() {
    var metadata = Metadata()
    metadata["general.name"] = .string("m")
    metadata["general.alignment"] = .uint32(64)
    let first = metadata.forShard(0, of: 2, tensorCount: 9)
    let second = metadata.forShard(1, of: 2, tensorCount: 9)
    #expect(first.keys.prefix(2) == ["general.name", "general.alignment"])
    #expect(first["split.no"] == .uint16(0) && second["split.no"] == .uint16(1))
    #expect(second["split.count"] == .uint16(2))
    #expect(second["split.tensors.count"] == .int32(9))
    #expect(second["general.name"] == nil && second["general.alignment"] == .uint32(64))
    #expect(first.withoutSplitKeys() == metadata)
  }
}
