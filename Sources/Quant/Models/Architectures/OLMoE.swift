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

// MARK: Configuration

extension OLMoE {
  static let modelTypes = ["olmoe"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("olmoe", config)
    try header.commonKeys()
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(.whole, bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      header.mixture(header.feedForward)
    }
    try header.output(tied: false)
    return header
  }
}
