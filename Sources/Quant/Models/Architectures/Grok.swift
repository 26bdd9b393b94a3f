// SPDX-License-Identifier: MIT

/// Grok 1 and 2: experts with norms before and after. Only estimated.
enum Grok: Architecture {
  static let names = ["grok"]
  static let modelTypes = ["grok-1", "grok1", "grok", "git"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("grok", config)
    try header.commonKeys()
    let inner = try config.integer("moe_intermediate_size", default: header.feedForward)
    header.key("expert_feed_forward_length", inner)
    config.ignore("global_attn_every_n")
    let hasNetwork = try config.flag("residual_moe", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention()
      header.norm("attn_output_norm")
      header.norm("ffn_norm")
      header.mixture(inner)
      if hasNetwork { header.network() }
      header.norm(hasNetwork ? "post_ffw_norm" : "layer_output_norm")
    }
    try header.output(tied: false)
    return header
  }
}
