// SPDX-License-Identifier: MIT

/// Qwen 3, dense and with experts: every query and key head is normed before rotation.
enum Qwen3: EvaluableArchitecture {
  static let names = ["qwen3", "qwen3moe"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard))
  }

  static func huggingFace(_ name: String) -> HuggingFaceMapping? {
    HuggingFaceMapping(modelTypes: name == "qwen3moe" ? ["qwen3_moe"] : [], normsQueries: true)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func dense(_ name: String) -> DenseForm? {
    name == "qwen3moe" ? DenseForm(architecture: "qwen3") : nil
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.headNorms(&attention, layer: layer, required: true)
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: try feedForward(model, sizes, layer))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> FeedForwardGraph {
    guard model.architecture == "qwen3moe" else {
      return .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer]))
    }
    let width = try model.expertWidth(sizes, layer: layer)
    return .mixture(try model.mixture(layer: layer, sizes, width: width))
  }
}
