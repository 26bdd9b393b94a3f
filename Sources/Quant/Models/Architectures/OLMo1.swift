// SPDX-License-Identifier: MIT

/// The first OLMo: norms without weights. Only estimated.
enum OLMo1: Architecture {
  static let names = ["olmo"]
  static let modelTypes = ["olmo", "hf_olmo"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("olmo", config)
    try header.commonKeys()
    config.ignore("clip_qkv", "attention_bias")
    header.embedding()
    try header.eachLayer { header, _ in
      header.attention()
      header.network()
    }
    try header.head(tied: false)
    return header
  }
}
