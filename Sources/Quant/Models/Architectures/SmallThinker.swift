// SPDX-License-Identifier: MIT

/// SmallThinker: experts in all layers, chosen by what comes into the layer, before attention. With
/// windows, the first of every four layers sees everything and does not rotate.
enum SmallThinker: EvaluableArchitecture {
  static let names = ["smallthinker"]
  private static let period = 4
  /// Programs take this size, whatever the file says.
  private static let window = 4096

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(slidingPeriod: period, firstIsFull: true, fixedWindow: window)
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    guard try model.integer("attention.sliding_window", default: 0) > 0 else { return [] }
    return [
      LayerRule("the sliding window", period: period) { layer, _ in layer % period == 0 ? 0 : 1 }
    ]
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let hasWindows = try model.integer("attention.sliding_window", default: 0) > 0
    let rotation = try model.rotation(.halves, headSize: sizes.keySize)
    var carried = CarriedColumns()
    let incoming = carried.slot(sizes.width)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      let isFull = layer % period == 0
      var attention = try model.attention(
        sizes, layer: layer, hasWindows && isFull ? nil : rotation)
      if hasWindows, !isFull { attention.window = .sliding(window) }
      var graph = try model.layer(
        layer, sizes, attention, .mixture(try experts(model, sizes, layer, incoming)))
      graph.inputCopy = incoming
      return graph
    }
    var graph = try model.graph(sizes, layers: layers)
    graph.carried = carried
    return graph
  }

  private static func experts(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ incoming: CarriedSlot
  ) throws(QuantError) -> MixtureGraph {
    // Without the key there is no gating.
    _ = try model.integer("expert_gating_func", in: 1...4)
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: try model.expertWidth(sizes, layer: layer), fallback: .softmax,
      needsBias: false, activation: .relu)
    mixture.normalizes = true
    mixture.weightScale = 1
    mixture.routerInput = RouterInput(source: incoming)
    return mixture
  }
}

// MARK: Configuration

extension SmallThinker {
  static let modelTypes = ["smallthinker"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("smallthinker", config)
    header.experts = try config.integer("moe_num_primary_experts", default: header.experts)
    let inner = try config.integer("moe_ffn_hidden_size", default: header.feedForward)
    header.feedForward = inner
    try header.commonKeys()
    header.key("expert_used_count", try config.optional("moe_num_active_primary_experts"))
    header.key("expert_feed_forward_length", inner)
    header.key("feed_forward_length", inner)
    let softmax = try config.flag("moe_primary_router_apply_softmax", default: false)
    header.key("expert_gating_func", softmax ? 1 : 2)
    if config.list("sliding_window_layout")?.contains(where: { $0 != 0 }) ?? false {
      header.key("attention.sliding_window", try config.optional("sliding_window_size"))
    }
    config.ignore(
      "moe_layer_layout", "rope_layout", "moe_enable_early_router",
      "moe_enable_secondary_experts", "moe_num_secondary_experts", "moe_secondary_expert_size",
      "moe_num_secondary_expert_size")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention()
      header.norm("ffn_norm")
      header.mixture(inner)
    }
    try header.output(tied: false)
    return header
  }
}
