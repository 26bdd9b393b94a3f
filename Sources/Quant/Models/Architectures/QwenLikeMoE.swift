// SPDX-License-Identifier: MIT

/// Mixtures built on Qwen 3's layers that do not go from left to right: LLaDA-MoE, RND1. Only estimated.
enum QwenLikeMoE: Architecture {
  static let names = ["llada-moe", "rnd1"]
  static let modelTypes = ["llada_moe", "rnd1"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    guard config.modelType == "rnd1" else { return try diffusion(config) }
    var header = try Qwen2MoE.mixture("rnd1", config, norms: .heads, bias: false)
    header.key("attention.causal", false)
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
