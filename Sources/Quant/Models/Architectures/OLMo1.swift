// SPDX-License-Identifier: MIT

/// The first OLMo: norms without weights.
enum OLMo1: EvaluableArchitecture {
  static let names = ["olmo"]
  static let modelTypes = ["olmo", "hf_olmo"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let norm = Norm(weight: nil, bias: nil, isCentered: true)
    let clamp = max(0, try model.number("attention.clamp_kqv", default: 0))
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .neighbours)
      attention.clamp = clamp
      let dense = try model.dense(layer: layer, sizes, width: sizes.feedForward[layer])
      return LayerGraph(
        attentionNorm: norm, attention: attention, feedForwardNorm: norm,
        feedForward: .dense(dense))
    }
    return ModelGraph(
      width: sizes.width, vocabulary: sizes.vocabulary, epsilon: sizes.epsilon,
      embedding: sizes.embedding, layers: layers, outputNorm: norm,
      output: try model.output(sizes))
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("olmo", config)
    try header.commonKeys()
    config.ignore("clip_qkv", "attention_bias")
    header.embedding()
    try header.eachLayer { header, _ in
      header.attention()
      header.network()
    }
    try header.head(tied: false)
    return header
  }
}
