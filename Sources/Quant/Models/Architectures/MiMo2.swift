// SPDX-License-Identifier: MIT

/// MiMo V2: layers with windows have other numbers of heads and other angles, and perhaps sinks; values
/// are shorter than keys.
enum MiMo2: EvaluableArchitecture {
  static let names = ["mimo2"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func ahead(_: String) -> AheadForm? { AheadForm(.stream) }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let windows = try model.windows(sizes, period: nil)
    let full = try model.rotation(.halves, headSize: sizes.keySize)
    let windowed = try model.windowRotation(full, base: 10_000, keepsMagnitude: true)
    let scale = try model.number("attention.value_scale", default: 0)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(
        sizes, layer: layer, windows.isWindowed[layer] ? windowed : full)
      attention.window = windows[layer]
      attention.sinks = try model.optional("blk.\(layer).attn_sinks.weight", [attention.heads])
      var graph = try model.layer(
        layer, sizes, attention, try feedForward(model, sizes, layer))
      if scale != 0 { graph.steps[0].scale = scale }
      return graph
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard model.hasExperts(layer) else { return try model.network(layer, sizes) }
    var mixture = try model.mixture(
      layer: layer, sizes, width: try model.expertWidth(sizes, layer: layer), gating: .sigmoid)
    mixture.selectionBias = try model.optional(
      "blk.\(layer).exp_probs_b.bias", [sizes.experts])
    return .mixture(mixture)
  }
}

// MARK: Configuration

extension MiMo2 {
  static let modelTypes = ["mimo_v2_flash", "mimo_v2"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("mimo2", config)
    header.valueSize = try config.integer("v_head_dim", default: header.keySize)
    // All published ones have three, and no key that says so.
    try header.countLayersAhead(default: 3)
    let pattern =
      config.list("hybrid_layer_pattern") ?? header.slidingLayers()?.map { $0 ? 1 : 0 } ?? []
    let isSliding =
      (0..<header.layers).map { $0 < pattern.count && pattern[$0] == 1 }
      + Array(repeating: true, count: header.layersAhead)
    let slidingHeads = try config.integer("swa_num_key_value_heads", default: header.keyValueHeads)
    let fullHeads = header.keyValueHeads
    let sparse =
      config.list("moe_layer_freq")
      ?? config.texts("mlp_layer_types")?.map { $0 == "dense" ? 0 : 1 } ?? []
    let inner = try config.integer("moe_intermediate_size")
    try keys(&header)
    header.key("attention.head_count_kv", isSliding.map { $0 ? slidingHeads : fullHeads })
    header.key("attention.sliding_window_pattern", isSliding.map { $0 ? 1 : 0 })
    let hasSinks = try config.flag("add_swa_attention_sink_bias", default: true)
    let hasFullSinks = try config.flag("add_full_attention_sink_bias", default: false)
    let isFused = config.text("attention_projection_layout") == "fused_qkv"
    let bias = try config.flag("attention_bias", default: false)
    func addAttention(_ header: inout HeaderBuilder, _ layer: Int) {
      header.keyValueHeads = isSliding[layer] ? slidingHeads : fullHeads
      header.norm("attn_norm")
      if isFused { header.fusedAttention(bias: bias) } else { header.attention(bias: bias) }
      if isSliding[layer] ? hasSinks : hasFullSinks {
        header.tensor("attn_sinks.weight", header.heads)
      }
      header.norm("ffn_norm")
    }
    header.embedding()
    try header.eachLayer { header, layer in
      addAttention(&header, layer)
      guard layer < sparse.count ? sparse[layer] == 1 : header.experts > 0 else {
        return header.network()
      }
      header.mixture(inner, choiceBias: true)
    }
    try header.eachLayerAhead { header, layer in
      addAttention(&header, layer)
      header.network()
      header.norm("layer_output_norm")
      header.aheadParts(headNorm: false)
    }
    try header.output(tied: false)
    return header
  }

  private static func keys(_ header: inout HeaderBuilder) throws(QuantError) {
    let config = header.config
    try header.commonKeys()
    header.headKeys()
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    header.key("expert_feed_forward_length", try config.optional("moe_intermediate_size"))
    header.key("rope.dimension_count", Int(Double(header.keySize) * header.rotaryPart()))
    config.ignore(
      "swa_num_attention_heads", "swa_head_dim", "swa_v_head_dim", "n_shared_experts",
      "layer_types", "hybrid_block_size", "sliding_window_size", "attention_value_scale")
  }
}
