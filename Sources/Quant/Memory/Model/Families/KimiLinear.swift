// SPDX-License-Identifier: MIT
internal import QuantModels

/// Kimi Linear: most layers keep states by the delta rule, with a decay for every number; the others have
/// latent attention that knows no positions.
enum KimiLinear: MemoryFamily {
  static let names = ["kimi-linear"]

  static func computation(_: String) -> ComputationTraits? {
    var computation = ComputationTraits(.standard)
    computation.gating = .sigmoid
    return computation
  }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    // Layers whose key heads number zero do not attend; the others keep no states.
    for layer in layers.indices where layers[layer].attention != nil {
      layers[layer].attention?.isRotated = false
      layers[layer].recurrence = nil
    }
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    let own: [String]
    if sizes(model.shape, layer: layer) != nil {
      let names = ["q", "k", "v"].flatMap { ["attn_\($0)", "ssm_conv1d_\($0)"] }
      own =
        (names + ["f_a", "f_b", "g_a", "g_b", "beta", "norm"].map { "ssm_\($0)" })
        .map { $0 + ".weight" } + ["ssm_a", "ssm_dt.bias"]
    } else {
      guard model.shape.layers[layer].attention?.isLatent == true else { return nil }
      let queries =
        model.hasPlainQueries(layer) ? ["attn_q"] : ["attn_q_a", "attn_q_a_norm", "attn_q_b"]
      own = (queries + ["attn_kv_a_mqa", "attn_kv_a_norm", "attn_k_b", "attn_v_b"])
        .map { $0 + ".weight" }
    }
    return ["attn_norm.weight", "attn_output.weight", "ffn_norm.weight"] + own
      + model.feedForwardTensors(layer)
  }

  /// Sizes of a recurrent layer; `nil` for one that attends, and without a convolution.
  static func sizes(_ shape: ModelShape, layer: Int) -> DeltaNetSizes? {
    guard let recurrence = shape.layers[layer].recurrence, let space = shape.stateSpace,
      space.kernel > 1
    else { return nil }
    let inner = recurrence.windowWidth / (3 * (space.kernel - 1))
    let size = recurrence.stateWidth / max(1, inner)
    return DeltaNetSizes(heads: inner / max(1, size), size: size)
  }
}
