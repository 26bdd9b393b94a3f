// SPDX-License-Identifier: MIT

/// Llama 1 to 3, Mistral, and Mixtral's mixtures of experts.
///
/// Norm, attention, norm, feed-forward; neighbours are rotated together. Experts, if there are any,
/// have the width of `feed_forward_length`.
enum Llama: EvaluableArchitecture {
  static let names = ["llama"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard), hasOllamaFormulas: true)
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? {
    HuggingFaceMapping(modelTypes: ["mistral", "mixtral"])
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func dense(_ name: String) -> DenseForm? {
    DenseForm(architecture: name, allowsBiases: true)
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try model.attention(sizes, layer: layer, .neighbours),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: try feedForward(model, sizes, layer))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> FeedForwardGraph {
    let width = sizes.feedForward[layer]
    guard sizes.experts > 0 else {
      return .dense(try model.dense(layer: layer, sizes, width: width))
    }
    return .mixture(try model.mixture(layer: layer, sizes, width: width))
  }
}
