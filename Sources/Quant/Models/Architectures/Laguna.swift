// SPDX-License-Identifier: MIT

/// Laguna: other numbers of heads from layer to layer, and a gate on what attention gives. Layers with
/// windows rotate by angles of their own.
enum Laguna: EvaluableArchitecture {
  static let names = ["laguna"]
  private static let slidingPeriod = 4

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(slidingPeriod: slidingPeriod, firstIsFull: true)
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: slidingPeriod, firstIsFull: true)
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let dense = try model.integer("leading_dense_block_count", default: 0)
    let windows = try model.windows(sizes, period: slidingPeriod, size: 0, firstIsFull: true)
    let full = try model.rotation(.halves, headSize: sizes.keySize)
    let windowed = try model.windowRotation(
      full, base: full.base,
      dimensions: try model.rotated(
        "rope.dimension_count_swa", of: sizes.keySize, default: full.dimensions))
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(
        sizes, layer: layer, windows.isWindowed[layer] ? windowed : full)
      attention.window = windows[layer]
      try model.headNorms(&attention, layer: layer, required: true)
      try model.gate(&attention, layer: layer, .softplus)
      return try model.layer(
        layer, sizes, attention,
        layer < dense
          ? try model.network(layer, sizes)
          : .mixture(try model.sharingMixture(layer: layer, sizes, needsBias: true)))
    }
    return try model.graph(sizes, layers: layers)
  }
}

// MARK: Configuration

extension Laguna {
  static let modelTypes = ["laguna"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("laguna", config)
    let heads =
      try config.integers("num_attention_heads_per_layer", layers: header.layers)
      ?? Array(repeating: header.heads, count: header.layers)
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("shared_expert_intermediate_size", default: 0)
    let dense = try header.leadingDenseLayers()
    try header.commonKeys()
    header.headKeys()
    header.key("attention.head_count", heads)
    header.key("vocab_size", header.vocabulary)
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    header.key("expert_feed_forward_length", inner)
    header.key("expert_shared_feed_forward_length", shared)
    header.key("expert_gating_func", 2)
    header.key("leading_dense_block_count", dense)
    let isWhole = (config.text("gating") ?? config.texts("gating_types")?.first)?.contains(
      "element")
    config.ignore("gating", "gating_types", "swa_attention_sink_enabled")
    header.embedding()
    try header.eachLayer { header, layer in
      header.heads = heads[layer]
      header.norm("attn_norm")
      header.attention(.heads)
      header.linear(
        "attn_gate", header.width, header.heads * (isWhole ?? false ? header.keySize : 1))
      header.norm("ffn_norm")
      guard layer >= dense else { return header.network() }
      header.mixture(inner, choiceBias: true)
      header.sharedNetwork(shared)
    }
    try header.output(tied: false)
    return header
  }
}
