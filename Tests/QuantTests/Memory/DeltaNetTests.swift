// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// Which layers of Qwen3.5 keep states and which attend, and that dense models with a tied output are
/// computed like the others.
@Suite struct DeltaNetTests {
  /// A small dense model of 8 layers in which those of `attending` have the tensors of attention.
  static func model(
    _ attending: Set<Int>, _ changes: [String: MetadataValue] = [:], without: String? = nil
  ) throws -> MemoryModel {
    var metadata = Metadata()
    metadata["general.architecture"] = .string("qwen35")
    for (key, value) in [
      ("block_count", 8), ("embedding_length", 64), ("feed_forward_length", 128),
      ("attention.head_count", 4), ("attention.head_count_kv", 2), ("attention.key_length", 32),
      ("attention.value_length", 32), ("context_length", 512), ("ssm.conv_kernel", 4),
      ("ssm.state_size", 16), ("ssm.group_count", 2), ("ssm.time_step_rank", 4),
      ("ssm.inner_size", 64),
    ] { metadata["qwen35.\(key)"] = .uint32(UInt32(value)) }
    for (key, value) in changes { metadata["qwen35.\(key)"] = value }
    var shapes = ["token_embd.weight": [64, 100], "output_norm.weight": [64]]
    for layer in 0..<8 {
      let own = attending.contains(layer) ? attention : recurrence
      for (name, shape) in own.merging(network, uniquingKeysWith: { own, _ in own }) {
        shapes["blk.\(layer).\(name)"] = shape
      }
    }
    let tensors = shapes.filter { without == nil || !$0.key.hasSuffix(without ?? "") }
      .sorted { $0.key < $1.key }
      .map { TensorDescription(name: $0.key, dimensions: $0.value, type: .F16) }
    return try MemoryModel(name: "m.gguf", metadata: metadata, tensors: tensors, fileBytes: nil)
  }

  private static let attention = [
    "attn_q.weight": [64, 256], "attn_k.weight": [64, 64], "attn_v.weight": [64, 64],
    "attn_q_norm.weight": [32], "attn_k_norm.weight": [32], "attn_output.weight": [128, 64],
  ]
  private static let recurrence = [
    "attn_qkv.weight": [64, 128], "attn_gate.weight": [64, 64], "ssm_conv1d.weight": [4, 128],
    "ssm_dt.bias": [4], "ssm_a": [4], "ssm_alpha.weight": [64, 4], "ssm_beta.weight": [64, 4],
    "ssm_norm.weight": [16], "ssm_out.weight": [64, 64],
  ]
  private static let network = [
    "attn_norm.weight": [64], "post_attention_norm.weight": [64], "ffn_gate.weight": [64, 128],
    "ffn_up.weight": [64, 128], "ffn_down.weight": [128, 64],
  ]

  static func flags(_ values: [Bool]) -> MetadataValue {
    .array(MetadataArray(elementType: .bool, values.map { .bool($0) }))
  }

  static let everyFourth: Set<Int> = [3, 7]

  @Test(
    arguments: [
      (everyFourth, [:]),
      ([1, 3, 5, 7], ["full_attention_interval": .uint32(2)]),
      ([0], ["attention.recurrent_layers": flags((0..<8).map { $0 > 0 })]),
      ([], ["attention.recurrent_layers": .bool(true)]),
    ] as [(Set<Int>, [String: MetadataValue])])
  func `keys tell which layers attend`(
    attending: Set<Int>, keys: [String: MetadataValue]
  ) throws {
    let model = try Self.model(attending, keys)
    for (index, layer) in model.shape.layers.enumerated() {
      let attends = attending.contains(index)
      #expect(layer.attention?.keyWidth == (attends ? 64 : nil))
      #expect(layer.recurrence?.windowWidth == (attends ? nil : 3 * 128))
      #expect(layer.recurrence?.stateWidth == (attends ? nil : 16 * 64))
    }
    #expect(Self.estimate(model).computeMethod == .replayed)
  }

  @Test func `a list for other layers is refused`() {
    let list = Self.flags([true, false])
    let error = #expect(throws: QuantError.self) {
      try Self.model(Self.everyFourth, ["attention.recurrent_layers": list])
    }
    #expect(error?.description.contains("8 layers") == true, "\(error?.description ?? "")")
  }

  @Test func `layers that predict further tokens keep nothing`() throws {
    let model = try Self.model(Self.everyFourth, ["nextn_predict_layers": .uint32(1)])
    #expect(model.shape.layers[7].attention == nil)
    #expect(model.shape.layers[7].recurrence == nil)
  }

  @Test(arguments: ["blk.2.ssm_norm.weight", "blk.3.attn_k_norm.weight", "blk.0.ffn_up.weight"])
  func `a model that lacks tensors is bounded`(name: String) throws {
    let model = try Self.model(Self.everyFourth, without: name)
    #expect(Self.estimate(model).computeMethod == .bound)
  }

  private static func estimate(_ model: MemoryModel) -> MemoryEstimate {
    let placement = DevicePlacement(model, rule: PlacementRule(gpuCount: 1))
    return MemoryEstimate(model, placement: placement, options: ContextOptions(context: 512))
  }
}
