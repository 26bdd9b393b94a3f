// SPDX-License-Identifier: MIT

/// Command R and Aya: attention and network side by side behind one norm. Only estimated.
enum CommandR: Architecture {
  static let names = ["command-r"]
  static let modelTypes = ["cohere"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("command-r", config)
    try header.commonKeys()
    let norms = try config.flag("use_qk_norm", default: false)
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      if norms {
        header.tensor("attn_q_norm.weight", header.keySize, header.heads)
        header.tensor("attn_k_norm.weight", header.keySize, header.keyValueHeads)
      }
      header.network()
    }
    header.tiedOutput()
    return header
  }
}
