// SPDX-License-Identifier: MIT

/// StableLM: norms with biases; the largest norms heads and has attention and network side by side. Only
/// estimated.
enum StableLM: Architecture {
  static let names = ["stablelm"]
  static let modelTypes = ["stablelm", "stablelm_epoch"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("stablelm", config)
    try header.commonKeys()
    header.key(
      "rope.dimension_count", Int(header.rotaryPart(default: 0.25) * Double(header.keySize)))
    let isParallel = try config.flag("use_parallel_residual", default: false)
    let norms = try config.flag("qk_layernorm", default: false)
    let bias = try config.flag("use_qkv_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm", bias: true)
      header.attention(bias: bias)
      if norms {
        header.tensor("attn_q_norm.weight", header.keySize, header.heads)
        header.tensor("attn_k_norm.weight", header.keySize, header.keyValueHeads)
      }
      if !isParallel { header.norm("ffn_norm", bias: true) }
      header.network()
    }
    try header.output(tied: false, normBias: true)
    return header
  }
}
