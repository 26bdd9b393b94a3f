// SPDX-License-Identifier: MIT

/// Trinity: windowed layers, a gate on what attention gives, experts chosen by a bias. Only estimated.
enum AFMoE: Architecture {
  static let names = ["afmoe"]
  static let modelTypes = ["afmoe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

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
