// SPDX-License-Identifier: MIT

/// Granite 3 with experts: factors on embeddings, on scores, on what layers add, and a divisor of
/// logits.
enum GraniteMoE: EvaluableArchitecture {
  static let names = ["granitemoe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let residualScale = try model.number("residual_scale", default: 1)
    let scale = try model.number("attention.scale", default: 0)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .neighbours)
      if scale != 0 { attention.scale = scale }
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .mixture(try mixture(model, sizes, layer)),
        residualScale: residualScale == 0 ? 1 : residualScale)
    }
    var graph = try model.graph(sizes, layers: layers)
    let embeddingScale = try model.number("embedding_scale", default: 1)
    graph.embeddingScale = embeddingScale == 0 ? 1 : embeddingScale
    let divisor = try model.number("logit_scale")
    graph.logitScale = divisor == 0 ? 1 : 1 / divisor
    return graph
  }

  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> MixtureGraph {
    var mixture = try model.mixture(layer: layer, sizes, width: sizes.feedForward[layer])
    let shared = try model.integer("expert_shared_feed_forward_length", default: 0)
    if shared > 0 {
      mixture.shared = try model.dense(layer: layer, suffix: "_shexp", sizes, width: shared)
    }
    return mixture
  }
}

// MARK: Configuration

extension GraniteMoE {
  static let modelTypes = ["granitemoe", "granitemoeshared"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try Granite.configure(names[0], config)
  }
}
