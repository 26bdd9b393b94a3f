// SPDX-License-Identifier: MIT

/// Trinity: windows, a gate on what attention gives, norms before and behind, experts chosen by a bias.
enum AFMoE: EvaluableArchitecture {
  static let names = ["afmoe"]
  /// Every fourth layer sees everything, unless a key says otherwise, and does not rotate, whatever it
  /// says.
  private static let period = 4

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: period) }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: period, size: 1) + LayerRule.every(period, "the rotation")
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let windows = try model.windows(sizes, period: period)
    let rotation = try model.rotation(.halves, headSize: sizes.keySize)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(
        sizes, layer: layer, (layer + 1) % period == 0 ? nil : rotation)
      attention.window = windows[layer]
      try model.headNorms(&attention, layer: layer, required: true)
      try model.gate(&attention, layer: layer)
      return try model.layer(
        layer, sizes, attention, try feedForward(model, sizes, layer), behind: true)
    }
    var graph = try model.graph(sizes, layers: layers)
    graph.embeddingScale = Float(sizes.width).squareRoot()
    return graph
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard layer >= (try model.integer("leading_dense_block_count", default: 0)) else {
      return try model.network(layer, sizes)
    }
    let width = try model.expertWidth(sizes, layer: layer)
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: .sigmoid, needsBias: true)
    if model.has("expert_shared_count") {
      mixture.shared = try model.sharedExperts(layer: layer, sizes, width: width)
    }
    return .mixture(mixture)
  }
}

// MARK: Configuration

extension AFMoE {
  static let modelTypes = ["afmoe"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("afmoe", config)
    try header.commonKeys()
    header.headKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    try header.mixtureKeys()
    let dense = try config.integer("num_dense_layers", default: 0)
    header.key("leading_dense_block_count", dense)
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    config.ignore(
      "layer_types", "global_attn_every_n_layers", "route_norm", "mup_enabled",
      "num_expert_groups", "num_limited_groups", "use_grouped_mm", "load_balance_coeff")
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("num_shared_experts", default: 0) * inner
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      header.attention(.heads)
      header.linear("attn_gate", header.width, header.heads * header.keySize)
      header.norm("post_attention_norm")
      header.norm("ffn_norm")
      if header.experts > 0 && layer >= dense {
        header.mixture(inner, choiceBias: true)
        header.sharedNetwork(shared)
      } else {
        header.network()
      }
      header.norm("post_ffw_norm")
    }
    try header.output(tied: false)
    return header
  }
}
