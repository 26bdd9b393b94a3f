// SPDX-License-Identifier: MIT
import GGUF
import Testing

@Suite("Metadata") struct MetadataTests {
  @Test func `keys keep their order when changed, and close ranks when removed`() {
    var metadata = Metadata()
    for key in ["c", "a", "b"] { metadata[key] = .string(MetadataString(key)) }
    metadata["c"] = .uint8(1)
    #expect(metadata.keys == ["c", "a", "b"] && metadata["c"] == .uint8(1))
    metadata["c"] = nil
    metadata["no such key"] = nil
    #expect(metadata.keys == ["a", "b"] && metadata["b"]?.text == "b" && metadata["c"] == nil)
    metadata["c"] = .bool(false)
    #expect(metadata.keys == ["a", "b", "c"])
  }

  @Test func `keys of the model's own architecture`() {
    var metadata = Metadata()
    #expect(metadata.architecture == nil && metadata.model("block_count") == nil)
    metadata["general.architecture"] = .string("qwen3moe")
    metadata["qwen3moe.block_count"] = .uint32(48)
    #expect(metadata.model("block_count")?.integer == 48)
  }

  @Test func `numbers are read across types, and only as what they are`() {
    #expect(MetadataValue.uint64(.max).integer == nil && MetadataValue.int64(.min).integer == .min)
    #expect(MetadataValue.uint8(7).number == 7 && MetadataValue.float32(0.5).number == 0.5)
    #expect(MetadataValue.float32(1).integer == nil && MetadataValue.bool(true).integer == nil)
    #expect(MetadataValue.string("7").number == nil && MetadataValue.uint8(1).flag == nil)
    #expect(MetadataValue.bool(true).flag == true && MetadataValue.bool(true).text == nil)
  }

  @Test func `alignment`() {
    var metadata = Metadata()
    #expect(metadata.alignment == 32)
    for (value, alignment) in [
      (MetadataValue.uint32(1), 1 as Int?), (.uint32(4096), 4096), (.uint32(0), nil),
      (.uint32(48), nil), (.uint32(1 << 21), nil), (.int32(32), nil), (.uint64(32), nil),
    ] {
      metadata["general.alignment"] = value
      #expect(metadata.alignment == alignment)
    }
  }

  @Test func `arrays made in memory`() {
    let array = MetadataArray(strings: ["a", "bc"])
    #expect(array.count == 2 && array.byteCount == 19 && array.strings() == ["a", "bc"])
    #expect(array.strings(1) == ["a"] && array.integers().isEmpty)
    let numbers = MetadataArray(elementType: .int8, [.int8(-1), .int8(2)])
    #expect(numbers.integers() == [-1, 2] && numbers.strings().isEmpty && numbers != array)
  }
}
