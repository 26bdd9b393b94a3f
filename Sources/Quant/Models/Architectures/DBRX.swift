// SPDX-License-Identifier: MIT

/// DBRX: queries, keys and values are one product; all layers have experts. Only estimated.
enum DBRX: Architecture {
  static let names = ["dbrx"]
  static let modelTypes = ["dbrx"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("dbrx", config)
    guard let network = config.object("ffn_config"), let attention = config.object("attn_config")
    else { throw config.missing("ffn_config") }
    header.keyValueHeads = try attention.integer("kv_n_heads", default: header.heads)
    header.feedForward = try network.integer("ffn_hidden_size")
    header.experts = try network.integer("moe_num_experts")
    let used = try network.integer("moe_top_k", default: 1)
    attention.markAllRead()
    network.markAllRead()
    try header.commonKeys()
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count_kv", header.keyValueHeads)
    header.key("expert_used_count", used)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.fusedAttention()
      header.norm("attn_output_norm")
      header.mixture(header.feedForward)
    }
    try header.output(tied: false)
    return header
  }
}
