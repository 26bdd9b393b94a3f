// SPDX-License-Identifier: MIT

/// dots.llm1: experts as in DeepSeek V3 behind attention whose heads are normed.
enum Dots1: EvaluableArchitecture {
  static let names = ["dots1"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.headNorms(&attention, layer: layer, required: true)
      return try model.layer(layer, sizes, attention, try feedForward(model, sizes, layer))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard layer >= (try model.integer("leading_dense_block_count", default: 0)) else {
      return try model.network(layer, sizes)
    }
    let width = try model.expertWidth(sizes, layer: layer)
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: .softmax, needsBias: false)
    mixture.shared = try model.sharedExperts(layer: layer, sizes, width: width)
    return .mixture(mixture)
  }
}

// MARK: Configuration

extension Dots1 {
  static let modelTypes = ["dots1"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("dots1", config)
    try header.commonKeys()
    try header.mixtureKeys()
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("n_shared_experts", default: 0) * inner
    let dense = try header.leadingDenseLayers()
    let bias = try config.flag("attention_bias", default: false)
    config.ignore("moe_layer_freq", "layer_types")
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      header.attention(.heads, bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      guard header.experts > 0, layer >= dense else { return header.network() }
      header.mixture(inner, choiceBias: true)
      header.sharedNetwork(shared)
    }
    try header.output(tied: false)
    return header
  }
}
