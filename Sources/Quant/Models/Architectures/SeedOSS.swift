// SPDX-License-Identifier: MIT

/// Seed-OSS: biases on queries, keys and values. Only estimated.
enum SeedOSS: Architecture {
  static let names = ["seed_oss"]
  static let modelTypes = ["seed_oss"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard))
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("seed_oss", config)
    try header.commonKeys()
    let bias = try config.flag("attention_bias", default: true)
    let outputBias = try config.flag("attention_out_bias", default: false)
    let networkBias = try config.flag("mlp_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: outputBias)
      header.norm("post_attention_norm")
      header.network(bias: networkBias)
    }
    try header.output(tied: false)
    return header
  }
}
