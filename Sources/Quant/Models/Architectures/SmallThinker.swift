// SPDX-License-Identifier: MIT

/// SmallThinker: experts in all layers, chosen before attention. Only estimated.
enum SmallThinker: Architecture {
  static let names = ["smallthinker"]
  static let modelTypes = ["smallthinker"]

  static func memory(_: String) -> MemoryTraits { .unknown }

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
