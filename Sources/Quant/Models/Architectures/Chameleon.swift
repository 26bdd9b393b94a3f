// SPDX-License-Identifier: MIT

/// Chameleon: every query and key head has norms of its own. Only estimated.
enum Chameleon: Architecture {
  static let names = ["chameleon"]
  static let modelTypes = ["chameleon"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("chameleon", config)
    try header.commonKeys()
    header.key("vocab_size", header.vocabulary)
    config.ignore("swin_norm", "vq_config", "vocabulary_map", "model_parallel_size", "qk_layernorm")
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      for (part, count) in [("q", header.heads), ("k", header.keyValueHeads)] {
        header.tensor("attn_\(part)_norm.weight", header.keySize, count)
        header.tensor("attn_\(part)_norm.bias", header.keySize, count)
      }
      header.norm("ffn_norm")
      header.network()
    }
    try header.output(tied: false)
    return header
  }
}
