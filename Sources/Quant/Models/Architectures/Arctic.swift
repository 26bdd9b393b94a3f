// SPDX-License-Identifier: MIT

/// Snowflake Arctic: a dense network beside the experts. Only estimated.
enum Arctic: Architecture {
  static let names = ["arctic"]
  static let modelTypes = ["arctic"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("arctic", config)
    try header.commonKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    let step = max(1, try config.integer("moe_layer_frequency", default: 2))
    let hasNetwork = try config.flag("use_residual", "parallel_attn_mlp_res", default: true)
    config.ignore(
      "num_key_value_heads", "moe_train_capacity_factor", "enable_expert_tensor_parallelism")
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      header.attention()
      header.norm("ffn_norm")
      guard header.experts > 0, (layer + 1) % step == 0 else { return header.network() }
      if hasNetwork { header.network(header.width) }
      header.norm("ffn_norm_exps")
      header.mixture(header.feedForward)
    }
    try header.output(tied: false)
    return header
  }
}
