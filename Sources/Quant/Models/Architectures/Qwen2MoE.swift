// SPDX-License-Identifier: MIT

/// Qwen 1.5 and 2 with experts: the weights of the chosen do not add up to 1, and beside them stands
/// a network for all tokens, which a gate of its own scales.
enum Qwen2MoE: EvaluableArchitecture {
  static let names = ["qwen2moe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func huggingFace(_: String) -> HuggingFaceMapping? {
    HuggingFaceMapping(modelTypes: ["qwen2_moe"], hasBias: true)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func dense(_ name: String) -> DenseForm? { DenseForm(architecture: "qwen2") }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try model.attention(sizes, layer: layer, .halves),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .mixture(try mixture(model, sizes, layer)))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> MixtureGraph {
    let all = sizes.feedForward[layer]
    var mixture = try model.mixture(
      layer: layer, sizes, width: try model.expertWidth(sizes, layer: layer), normalizes: false)
    let shared = try model.integer("expert_shared_feed_forward_length", default: all)
    mixture.shared = try model.dense(
      layer: layer, suffix: "_shexp", sizes, width: shared == 0 ? all : shared)
    mixture.sharedGate = try model.linear("blk.\(layer).ffn_gate_inp_shexp", sizes.width, 1)
    return mixture
  }
}

extension ModelReader {
  /// Numbers between an expert's products: a key of its own, or a share of the dense width.
  func expertWidth(_ sizes: ModelSizes, layer: Int) throws(QuantError) -> Int {
    let given = try integers(
      "expert_feed_forward_length", layers: sizes.layers, default: 0)[layer]
    return given > 0 ? given : sizes.feedForward[layer] / max(sizes.usedExperts[layer], 1)
  }
}
