// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Qwen3-Next and Qwen3.5: most layers keep states by the gated delta rule; the others attend, with a gate
/// on what they find.
enum GatedDeltaNet: MemoryFamily {
  static let names = ["qwen3next", "qwen35", "qwen35moe"]

  /// Every n-th layer attends where no key says otherwise.
  private static let period = 4

  static func computation(_ name: String) -> ComputationTraits? {
    var computation = ComputationTraits(.standard)
    computation.choosesRowsAfterNorm = true
    computation.positionsPerToken = name == "qwen3next" ? 1 : 4
    return computation
  }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    let isRecurrent = try recurrentLayers(reader, count: layers.count)
    for layer in layers.indices {
      // The tensors of both kinds begin alike.
      if isRecurrent[layer] {
        layers[layer].attention = nil
      } else {
        layers[layer].recurrence = nil
      }
    }
  }

  private static func recurrentLayers(
    _ reader: KeyReader, count: Int
  ) throws(QuantError) -> [Bool] {
    let key = "attention.recurrent_layers"
    if let list = reader.value(key)?.elements {
      let flags = list.values(count).compactMap { $0.flag ?? $0.integer.map { $0 != 0 } }
      guard flags.count == count, list.count == count else {
        throw .content(
          file: reader.path, line: 0,
          what: "\(reader.architecture).\(key): expected true or false for each of \(count) layers,"
            + " found an array of \(list.count)")
      }
      return flags
    }
    if reader.has(key) {
      return Array(repeating: try reader.flag(key, default: true), count: count)
    }
    let every = try reader.integer(
      "full_attention_interval", default: period, in: 1...ShapeLimit.layers)
    return (0..<count).map { ($0 + 1) % every != 0 }
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    let memory = model.shape.layers[layer]
    let norms = ["attn_norm.weight", "post_attention_norm.weight"]
    let own: [String]
    if memory.attention != nil {
      own = ["attn_q", "attn_k", "attn_v", "attn_q_norm", "attn_k_norm", "attn_output"]
        .map { $0 + ".weight" }
    } else {
      guard memory.recurrence != nil, let space = model.shape.stateSpace, Sizes(space) != nil
      else { return nil }
      let gates =
        model.contains("blk.\(layer).ssm_ba.weight") ? ["ssm_ba"] : ["ssm_alpha", "ssm_beta"]
      own =
        (["attn_qkv", "attn_gate", "ssm_conv1d", "ssm_norm", "ssm_out"] + gates)
        .map { $0 + ".weight" } + ["ssm_a", "ssm_dt.bias"]
    }
    return norms + own + model.feedForwardTensors(layer)
  }

  /// Sizes of a recurrent layer.
  struct Sizes {
    let rule: DeltaNetSizes
    /// Heads of queries and keys.
    let keyHeads: Int
    /// Tokens that the convolution sees.
    let kernel: Int

    /// Numbers of queries, keys and values of a token.
    var channels: Int { rule.inner + 2 * keyHeads * rule.size }

    /// `nil` for sizes that do not go together.
    init?(_ space: ModelShape.StateSpace) {
      guard space.groups > 0, space.timeStepRank > 0, space.timeStepRank % space.groups == 0,
        space.timeStepRank * space.state == space.inner
      else { return nil }
      rule = DeltaNetSizes(heads: space.timeStepRank, size: space.state)
      keyHeads = space.groups
      kernel = space.kernel
    }
  }
}
