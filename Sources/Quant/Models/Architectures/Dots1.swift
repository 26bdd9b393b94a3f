// SPDX-License-Identifier: MIT

/// dots.llm1: experts as in DeepSeek V3 behind attention whose heads are normed. Only estimated.
enum Dots1: Architecture {
  static let names = ["dots1"]
  static let modelTypes = ["dots1"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("dots1", config)
    try header.commonKeys()
    try header.mixtureKeys()
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("n_shared_experts", default: 0) * inner
    let dense = try header.leadingDenseLayers()
    let bias = try config.flag("attention_bias", default: false)
    config.ignore("moe_layer_freq", "layer_types")
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      header.attention(.heads, bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      guard header.experts > 0, layer >= dense else { return header.network() }
      header.mixture(inner, choiceBias: true)
      header.sharedNetwork(shared)
    }
    try header.output(tied: false)
    return header
  }
}
