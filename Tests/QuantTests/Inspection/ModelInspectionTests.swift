// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("ModelInspection")
struct ModelInspectionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func inspect(_ model: ModelFile, _ name: String = "model.gguf") throws -> ModelInspection
  {
    try model.write(to: folder.path(name))
    return try ModelInspection.open(folder.path(name))
  }

  /// A small mixture: 4 experts, 2 used, one dense layer and two with experts.
  private var mixture: ModelFile {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["llama.block_count"] = .uint32(3)
    model.metadata["llama.expert_count"] = .uint32(4)
    model.metadata["llama.expert_used_count"] = .uint32(2)
    model.add("token_embd.weight", [256, 10], .F16)
    model.add("blk.0.ffn_up.weight", [256, 8], .Q8_0)
    for layer in 1...2 {
      model.add("blk.\(layer).ffn_norm.weight", [256])
      model.add("blk.\(layer).ffn_up_exps.weight", [256, 8, 4], layer == 1 ? .Q4_K : .Q6_K)
      model.add("blk.\(layer).ffn_up_shexp.weight", [256, 8], .Q8_0)
    }
    return model
  }

  @Test func `the header of Mixtral gives its published numbers`() throws {
    let url = try Zstd.expand(
      "mixtral-8x7b-f16.header.gguf", into: folder.url, size: 93_408_959_584)
    let model = try ModelInspection.open(url.path)
    #expect(model.summary.weightCount == 46_702_792_704)
    #expect(model.summary.activeWeightCount == 12_879_925_248)
    #expect(model.summary.layerCount == 32)
    #expect(model.summary.headCount?.description == "32")
    #expect(model.summary.keyValueHeadCount?.description == "8")
    #expect(model.experts?.expertCount == 8 && model.experts?.usedCount == 2)
    #expect(model.experts?.layers.map(\.layers) == [Array(0..<32)])
    #expect(model.layerGroups.map(\.layers.count) == [0, 32])
    #expect(model.warnings.isEmpty)
  }

  @Test func `experts that are not chosen do not count as active`() throws {
    let model = try inspect(mixture)
    let experts = 2 * 256 * 8 * 4
    let others = 256 * 10 + 256 * 8 + 2 * (256 + 256 * 8)
    #expect(model.summary.weightCount == experts + others)
    #expect(model.summary.activeWeightCount == experts / 2 + others)
    #expect(model.experts?.weightCount == experts)
    #expect(model.experts?.layers.map(\.layers) == [[1], [2]])
    #expect(model.experts?.layers.first?.projections.first?.types.first?.type == "Q4_K")
    #expect(model.experts?.layers.first?.sharedBytes == 256 * 8 / 32 * 34)
    #expect(model.experts?.layers.first?.expertBytes == 8 * 144)
  }

  @Test func `layers of one shape are one group, whatever their types`() throws {
    let groups = try inspect(mixture).layerGroups
    #expect(groups.map(\.stack) == ["", "blk", "blk"])
    #expect(groups.map(\.layers) == [[], [0], [1, 2]])
    let up = try #require(groups[2].parts.first { $0.name == "ffn_up_exps.weight" })
    #expect(up.tensorCount == 2 && up.dimensions == [256, 8, 4])
    #expect(Set(up.types.map(\.type)) == ["Q4_K", "Q6_K"])
    #expect(groups.reduce(0) { $0 + $1.tensorBytes } == (try inspect(mixture)).summary.tensorBytes)
  }

  @Test func `types are counted, the largest first`() throws {
    let shares = try inspect(mixture).types.shares
    #expect(shares.map(\.type) == ["Q4_K", "Q6_K", "Q8_0", "F16", "F32"])
    #expect(shares.map(\.tensorCount) == [1, 1, 3, 1, 2])
    #expect(shares[0].tensorBytes == 4 * 8 * 144 && shares[0].bitsPerWeight == 4.5)
    #expect(abs(shares.reduce(0) { $0 + $1.weightShare } - 1) < 1e-12)
    #expect(try inspect(mixture).contents?.hasPrefix("mostly Q4_K (32 % of weights)") == true)
  }

  @Test func `single experts are one part of a layer`() throws {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["llama.expert_count"] = .uint32(3)
    model.metadata["llama.expert_used_count"] = .uint32(1)
    for expert in 0..<3 {
      model.add("blk.0.ffn_up.\(expert).weight", [256, 2], expert == 1 ? .Q2_K : .Q4_K)
    }
    let found = try inspect(model)
    #expect(found.experts?.layout == .perExpert)
    #expect(found.experts?.layers.first?.expertCount == 3)
    #expect(
      found.experts?.layers.first?.projections.first?.types.map(\.expertCount) == [2, 1])
    #expect(found.layerGroups.first?.parts.map(\.name) == ["ffn_up.*.weight"])
    #expect(found.warnings.map(\.kind) == [.splitExperts])
  }

  @Test func `names are taken apart`() {
    #expect(LayeredName("enc.blk.12.attn_q.weight").stack == "enc.blk")
    #expect(LayeredName("enc.blk.12.attn_q.weight").layer == 12)
    #expect(LayeredName("v.blk.3.ln1.bias").part == "ln1.bias")
    #expect(LayeredName("blk.7").layer == nil)
    for number in ["-1", "+3", "007", "", "x"] {
      let name = "blk.\(number).attn_q.weight"
      #expect(LayeredName(name).layer == nil && LayeredName(name).part == name)
      #expect(TensorName.layer(of: name) == nil)
    }
    #expect(LayeredName("output.weight").part == "output.weight")
    #expect(ExpertTensorName("blk.3.ffn_gate_up_exps.bias")?.projection == "gate_up")
    #expect(ExpertTensorName("blk.3.ffn_up.12.weight")?.merged == "blk.3.ffn_up_exps.weight")
    #expect(ExpertTensorName("blk.3.ffn_down_exps.weight")?.single(2) == "blk.3.ffn_down.2.weight")
    for name in ["blk.3.ffn_up.weight", "blk.3.ffn_norm.1.weight", "blk.x.ffn_up_exps.weight"] {
      #expect(ExpertTensorName(name) == nil)
    }
  }

  @Test func `values that differ by layer are given as a range`() throws {
    var model = mixture
    model.metadata["llama.attention.head_count_kv"] = .array(
      MetadataArray(elementType: .int32, [.int32(8), .int32(0), .int32(4)]))
    #expect(try inspect(model).summary.keyValueHeadCount?.description == "0 to 8")
  }
}

@Suite("InspectionWarning")
struct InspectionWarningTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func warnings(_ bytes: [UInt8]) throws -> [InspectionWarning] {
    // Which keys these small models lack is another matter.
    try ModelInspection.open(try folder.write(bytes)).warnings.filter { $0.kind != .keys }
  }

  private func model(_ build: (inout ModelFile) -> Void = { _ in }) throws -> [UInt8] {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["llama.block_count"] = .uint32(1)
    model.add("token_embd.weight", [256, 4], .F16)
    build(&model)
    return try model.fileBytes()
  }

  @Test func `a download in progress is told by its part`() throws {
    let whole = try model { $0.add("blk.0.attn_q.weight", [256, 64]) }
    let found = try warnings(Array(whole[..<(whole.count / 2)]))
    #expect(found.map(\.kind) == [.truncated])
    #expect(found[0].message.contains("49.9 % present") || found[0].message.contains("50.0 %"))
    #expect(found[0].message.contains("1 of 2 tensors complete"))
  }

  @Test func `bytes after the last tensor are told`() throws {
    let found = try warnings(try model() + [1, 2, 3])
    #expect(found.map(\.kind) == [.trailingBytes])
    #expect(found[0].message.contains("3 bytes"))
  }

  @Test(arguments: [
    (UInt32(4), InspectionWarning.Kind.removedType, "Q4_2"), (139, .ikOnlyType, "ik_llama.cpp"),
    (151, .ikOnlyType, "its size is not known"), (9999, .unknownType, "9999"),
  ])
  func `types that others cannot read are told`(
    number: UInt32, kind: InspectionWarning.Kind, text: String
  ) throws {
    var file = FileBuilder()
    file.header(tensors: 1)
    file.tensor("strange", [256], type: TensorType(rawValue: number))
    file.pad()
    file.zeros(4096)
    let found = try warnings(file.bytes).filter { $0.kind != .trailingBytes }
    #expect(found.map(\.kind) == [kind])
    #expect(found[0].message.contains(text) && found[0].message.contains("strange"))
  }

  @Test func `counts of experts that cannot be are told`() throws {
    for (count, used) in [(UInt32(8), UInt32(2)), (4, 5), (0, 0)] {
      let bytes = try model { model in
        model.metadata["llama.expert_count"] = .uint32(count)
        model.metadata["llama.expert_used_count"] = .uint32(used)
        model.add("blk.0.ffn_up_exps.weight", [256, 2, 4], .F16)
      }
      let found = try warnings(bytes)
      #expect(found.contains { $0.kind == .expertCounts }, "\(count), \(used)")
    }
    let none = try warnings(try model { $0.add("blk.0.ffn_up_exps.weight", [256, 2, 4], .F16) })
    #expect(none.contains { $0.message.contains("found nothing") })
  }

  @Test func `layers and tokens beyond what the metadata says are told`() throws {
    let deep = try warnings(try model { $0.add("blk.5.attn_q.weight", [256]) })
    #expect(deep.map(\.kind) == [.layerCount])
    let many = try warnings(
      try model { model in
        model.metadata["tokenizer.ggml.tokens"] = .array(
          MetadataArray(strings: ["a", "b", "c", "d", "e"]))
      })
    #expect(many.map(\.kind) == [.vocabulary])
  }

  @Test func `numbers beyond all bounds do not stop the program`() throws {
    var file = FileBuilder()
    file.header(tensors: 3)
    let names = ["blk.9223372036854775807.ffn_up_exps.weight", "blk.0.ffn_up_shexp.weight", "b"]
    for (index, name) in names.enumerated() {
      file.tensor(
        name, [1 << 62, 1, 1], type: TensorType(rawValue: 9999), offset: UInt64(32 * index))
    }
    file.pad()
    file.zeros(96)
    let model = try ModelInspection.open(try folder.write(file.bytes))
    #expect(model.summary.weightCount == .max)
    #expect(model.warnings.contains { $0.kind == .unknownType })
  }
}
