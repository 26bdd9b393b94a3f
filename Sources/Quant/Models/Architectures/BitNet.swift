// SPDX-License-Identifier: MIT

/// BitNet: weights of three values, with norms within attention and network. Only estimated.
enum BitNet: Architecture {
  static let names = ["bitnet"]
  static let modelTypes = ["bitnet"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("bitnet", config)
    try header.commonKeys()
    config.ignore("weight_bits", "input_bits")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention()
      header.norm("attn_sub_norm")
      header.norm("ffn_norm")
      header.network()
      header.norm("ffn_sub_norm", header.feedForward)
    }
    header.tiedOutput()
    return header
  }
}
