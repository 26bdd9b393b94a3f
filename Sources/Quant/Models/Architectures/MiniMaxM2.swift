// SPDX-License-Identifier: MIT

/// MiniMax M2: all query heads are normed together, and all key heads; half of each is rotated. The
/// experts' width is `feed_forward_length`.
enum MiniMaxM2: EvaluableArchitecture {
  static let names = ["minimax-m2"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.gating = .sigmoid
    return MemoryTraits(computation: computation)
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.wholeNorms(&attention, layer: layer)
      var mixture = try model.keyedMixture(
        layer: layer, sizes, width: sizes.feedForward[layer], fallback: .sigmoid, needsBias: true)
      mixture.normalizes = true
      mixture.weightScale = 1
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .mixture(mixture))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }
}
