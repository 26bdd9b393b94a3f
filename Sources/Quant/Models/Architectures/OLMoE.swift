// SPDX-License-Identifier: MIT

/// OLMoE: all query heads are normed together, and all key heads; the weights of the chosen experts
/// do not add up to 1.
enum OLMoE: EvaluableArchitecture {
  static let names = ["olmoe"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.normsExpertWeights = false
    return MemoryTraits(computation: computation)
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? {
    HuggingFaceMapping(normsQueries: true)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.wholeNorms(&attention, layer: layer)
      let mixture = try model.mixture(
        layer: layer, sizes, width: sizes.feedForward[layer], normalizes: false)
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .mixture(mixture))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }
}
