// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// Models with states beside attention: small ones of families that no table holds.
@Suite struct HybridTests {
  @Test(arguments: [
    ("nemotron_h", EstimateMethod.replayed), ("falcon-h1", .bound), ("never-heard-of", .bound),
  ])
  func `states and caches are arithmetic, and computations as sure as they are held`(
    architecture: String, method: EstimateMethod
  ) throws {
    let network: [HybridModel.Part] =
      architecture == "nemotron_h" ? [.mamba2] : [.attention, .mamba2, .network]
    let model = try HybridModel.make(architecture, [[.mamba2], [.attention], [.network], network])
    let estimate = Self.estimate(model, sequences: 2)
    let both = HybridModel.states(sequences: 2) + HybridModel.cache(tokens: 512)
    let last = network.contains(.attention) ? both : HybridModel.states(sequences: 2)
    #expect(estimate.gpus[0].cache == both + last)
    #expect(estimate.computeMethod == method)
  }

  @Test func `a layer of Nemotron with a network keeps nothing`() throws {
    // The key decides, whatever else the layer has.
    let model = try HybridModel.make(
      "nemotron_h", [[.mamba2], [.attention], [.attention, .network]])
    #expect(model.shape.layers.map { $0.attention != nil } == [false, true, false])
    #expect(model.shape.layers.map { $0.recurrence != nil } == [true, false, false])
  }

  @Test func `convolutions keep a window, and their models norm the output by the embedding's`()
    throws
  {
    let keys: [String: MetadataValue] = ["shortconv.l_cache": .uint32(3)]
    let layers: [[HybridModel.Part]] = [[.convolution, .network], [.attention, .network]]
    let model = try HybridModel.make("lfm2", layers, norm: "token_embd_norm", changes: keys)
    let estimate = Self.estimate(model)
    let window = 4 * 2 * HybridModel.width
    #expect(estimate.gpus[0].cache == window + HybridModel.cache(tokens: 512))
    #expect(estimate.computeMethod == .replayed)
    // All but the embedding is on the GPU, and a copy of it, too.
    let parts = model.tensors.map { ($0.byteCount + 127) / 128 * 128 }.reduce(0, +)
    #expect(estimate.gpus[0].weights == parts)
    // In host memory the output shares the embedding.
    let host = Self.estimate(model, gpuLayers: 0)
    #expect(host.host.weights == model.tensors.map { ($0.byteCount + 31) / 32 * 32 }.reduce(0, +))
  }

  @Test func `Mamba and attention without positions are computed together`() throws {
    let model = try HybridModel.make("jamba", [[.mamba, .network], [.attention, .network]])
    let estimate = Self.estimate(model)
    #expect(estimate.computeMethod == .bound)
    let formula = Self.estimate(model, rule: .formula)
    #expect(estimate.gpus[0].compute < formula.gpus[0].compute)
    // Without a tensor that the computation reads, only the formula is left.
    let broken = try HybridModel.make(
      "jamba", [[.mamba, .network], [.attention, .network]], without: "ssm_d")
    #expect(Self.estimate(broken).gpus[0].compute == formula.gpus[0].compute)
  }

  @Test func `experts on a narrower input need less`() throws {
    let computes = try [HybridModel.width, HybridModel.width / 4].map { size in
      let model = try HybridModel.make(
        "nemotron_h_moe", [[.attention], [.experts(size)], [.attention]])
      let estimate = Self.estimate(model)
      #expect(estimate.computeMethod == .replayed)
      return estimate.gpus[0].compute
    }
    #expect(computes[1] < computes[0])
  }

  static func estimate(
    _ model: MemoryModel, sequences: Int = 1, gpuLayers: Int? = nil, rule: ComputeRule = .best
  ) -> MemoryEstimate {
    var options = ContextOptions(context: 512)
    options.sequences = sequences
    options.isUnified = true
    options.outputRows = 1
    let placement = DevicePlacement(model, rule: PlacementRule(gpuCount: 1, gpuLayers: gpuLayers))
    return MemoryEstimate(model, placement: placement, options: options, rule: rule)
  }
}

/// A small model whose layers have any parts.
enum HybridModel {
  /// What a layer has.
  enum Part: Equatable {
    case attention, mamba, mamba2, convolution, network
    /// Experts whose input has so many numbers.
    case experts(Int)
  }

  static let width = 64

  /// Bytes of a layer's states of Mamba 2.
  static func states(sequences: Int) -> Int { 4 * sequences * (3 * (128 + 2 * 2 * 16) + 16 * 128) }

  /// Bytes of a layer's keys and values: two heads of 16 each, in 16-bit floats.
  static func cache(tokens: Int) -> Int { 2 * 2 * 32 * tokens }

  static func make(
    _ architecture: String, _ layers: [[Part]], norm: String = "output_norm",
    changes: [String: MetadataValue] = [:], without missing: String? = nil
  ) throws -> MemoryModel {
    var metadata = Metadata()
    metadata["general.architecture"] = .string(MetadataString(architecture))
    for (key, value) in [
      ("block_count", layers.count), ("embedding_length", width), ("context_length", 4096),
      ("attention.head_count", 4), ("ssm.conv_kernel", 4), ("ssm.inner_size", 128),
      ("ssm.state_size", 16), ("ssm.time_step_rank", 8), ("ssm.group_count", 2),
      ("expert_count", 4), ("expert_used_count", 2),
    ] { metadata["\(architecture).\(key)"] = .uint32(UInt32(value)) }
    let heads = layers.map { UInt32($0.contains(.attention) ? 2 : 0) }
    let widths = layers.map { parts in
      UInt32(parts.contains { $0 != .attention && !isRecurrent($0) } ? 256 : 0)
    }
    for (key, values) in [("attention.head_count_kv", heads), ("feed_forward_length", widths)] {
      metadata["\(architecture).\(key)"] = .array(
        MetadataArray(elementType: .uint32, values.map { .uint32($0) }))
    }
    for (key, value) in changes { metadata["\(architecture).\(key)"] = value }
    var tensors = [
      tensor("token_embd.weight", [width, 1000]), tensor("\(norm).weight", [width]),
    ]
    for (number, parts) in layers.enumerated() {
      let norms = ["attn_norm", "ffn_norm"].map { ("\($0).weight", [width]) }
      for (name, shape) in norms + parts.flatMap(shapes) where name != missing {
        tensors.append(tensor("blk.\(number).\(name)", shape))
      }
    }
    return try MemoryModel(name: "m.gguf", metadata: metadata, tensors: tensors, fileBytes: nil)
  }

  private static func isRecurrent(_ part: Part) -> Bool {
    [.mamba, .mamba2, .convolution].contains(part)
  }

  private static func tensor(_ name: String, _ shape: [Int]) -> TensorDescription {
    TensorDescription(name: name, dimensions: shape, type: .F32)
  }

  private static func shapes(_ part: Part) -> [(String, [Int])] {
    switch part {
    case .attention:
      [
        ("attn_q", [64, 64]), ("attn_k", [64, 32]), ("attn_v", [64, 32]),
        ("attn_output", [64, 64]),
      ]
      .map { ("\($0).weight", $1) }
    case .network: [("ffn_up.weight", [64, 256]), ("ffn_down.weight", [256, 64])]
    case .convolution:
      [("in_proj", [64, 192]), ("conv", [3, 64]), ("out_proj", [64, 64])]
        .map { ("shortconv.\($0).weight", $1) }
    case .mamba:
      space(inputs: 256, channels: 128, heads: 128)
        + [("ssm_x.weight", [128, 40]), ("ssm_dt.weight", [8, 128])]
    case .mamba2: space(inputs: 328, channels: 192, heads: 8)
    case .experts(let size):
      [
        ("ffn_gate_inp.weight", [64, 4]), ("ffn_up_exps.weight", [size, 256, 4]),
        ("ffn_down_exps.weight", [256, size, 4]), ("ffn_up_shexp.weight", [64, 128]),
        ("ffn_down_shexp.weight", [128, 64]),
      ]
        + (size == width
          ? [] : [("ffn_latent_down.weight", [64, size]), ("ffn_latent_up.weight", [size, 64])])
    }
  }

  private static func space(inputs: Int, channels: Int, heads: Int) -> [(String, [Int])] {
    [
      ("ssm_in.weight", [64, inputs]), ("ssm_conv1d.weight", [4, channels]),
      ("ssm_conv1d.bias", [channels]), ("ssm_dt.bias", [heads]), ("ssm_a", [16, heads]),
      ("ssm_d", [heads]), ("ssm_out.weight", [128, 64]),
    ]
  }
}
