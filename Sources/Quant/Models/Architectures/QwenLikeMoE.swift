// SPDX-License-Identifier: MIT

/// Mixtures built on Qwen 3's layers: GroveMoE, LLaDA-MoE, RND1, Mellum 2. Only estimated.
enum QwenLikeMoE: Architecture {
  static let names = ["grovemoe", "llada-moe", "rnd1", "mellum"]
  static let modelTypes = ["grove_moe", "llada_moe", "rnd1", "mellum"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    switch config.modelType {
    case "llada_moe": return try diffusion(config)
    case "mellum": return try mellum(config)
    case "rnd1":
      var header = try Qwen2MoE.mixture("rnd1", config, norms: .heads, bias: false)
      header.key("attention.causal", false)
      return header
    default:
      let size = try config.integer("head_dim", default: 128)
      config.ignore("num_experts_per_group", "small_experts")
      return try Qwen2MoE.mixture("grovemoe", config, norms: .heads, bias: false) { header in
        // Two experts share a small one, as wide as a head.
        let count = header.experts / 2
        header.tensor("ffn_gate_chexps.weight", header.width, size, count)
        header.tensor("ffn_up_chexps.weight", header.width, size, count)
        header.tensor("ffn_down_chexps.weight", size, header.width, count)
      }
    }
  }

  private static func mellum(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    config.ignore("mlp_layer_types")
    var header = try Qwen2MoE.mixture("mellum", config, norms: .heads, bias: false)
    let window = try config.integer("sliding_window", default: 0)
    guard window > 0, try config.flag("use_sliding_window", default: true) else { return header }
    header.key("attention.sliding_window", window)
    if let isSliding = header.slidingLayers() {
      header.key("attention.sliding_window_pattern", isSliding)
    }
    return header
  }

  private static func diffusion(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("llada-moe", config)
    try header.commonKeys()
    let inner = try config.integer("expert_intermediate_size", "moe_intermediate_size")
    header.key("expert_feed_forward_length", inner)
    header.key("attention.causal", false)
    config.ignore(
      "qk_layernorm", "shared_expert_intermediate_size", "moe_layer_freq",
      "dense_intermediate_size", "attention_bias")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(.heads)
      header.norm("ffn_norm")
      header.mixture(inner)
    }
    try header.output(tied: false)
    return header
  }
}
