// SPDX-License-Identifier: MIT

/// MiMo V2: windowed layers have more key and value heads, and sinks. Only estimated.
enum MiMo2: Architecture {
  static let names = ["mimo2"]
  static let modelTypes = ["mimo_v2_flash", "mimo_v2"]

  static func memory(_: String) -> MemoryTraits { .unknown }

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
