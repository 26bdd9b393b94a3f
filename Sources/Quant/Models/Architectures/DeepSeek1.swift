// SPDX-License-Identifier: MIT

/// The first DeepSeek with experts. Only estimated.
enum DeepSeek1: Architecture {
  static let names = ["deepseek", "deepseek2-ocr"]
  static let modelTypes = ["deepseek"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try configure("deepseek", config)
  }

  static func configure(
    _ name: String, _ config: ConfigurationReader
  ) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder(name, config)
    config.ignore(
      "layer_types", "q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim",
      "v_head_dim")
    try header.commonKeys()
    try header.mixtureKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("n_shared_experts", default: 0) * inner
    let step = try config.integer("moe_layer_freq", default: 1)
    let dense = try header.leadingDenseLayers()
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      guard header.experts > 0, layer >= dense, layer % max(1, step) == 0 else {
        return header.network()
      }
      header.mixture(inner)
      header.sharedNetwork(shared)
    }
    try header.output(tied: false)
    return header
  }
}
