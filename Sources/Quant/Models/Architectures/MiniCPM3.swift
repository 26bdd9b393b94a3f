// SPDX-License-Identifier: MIT

/// MiniCPM 3 and PLM: keys and values from compressed ones, cached whole. Only estimated.
enum MiniCPM3: Architecture {
  static let names = ["minicpm3", "plm"]
  static let modelTypes = ["minicpm3", "plm"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isPLM = config.modelType == "plm"
    var header = try HeaderBuilder(isPLM ? "plm" : "minicpm3", config)
    var sizes = try LatentSizes(config)
    if isPLM { sizes.queryRank = 0 }
    header.keySize = sizes.plain + sizes.rotary
    header.valueSize = sizes.value
    try header.commonKeys()
    if sizes.queryRank > 0 { header.key("attention.q_lora_rank", sizes.queryRank) }
    header.key("attention.kv_lora_rank", sizes.rank)
    header.key("attention.key_length", header.keySize)
    if isPLM { header.key("attention.value_length", sizes.value) }
    header.key("rope.dimension_count", sizes.rotary)
    header.key("vocab_size", header.vocabulary)
    config.ignore("scale_emb", "dim_model_base", "scale_depth", "attention_bias")
    header.rotationFactors()
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      attention(&header, sizes)
      header.norm("ffn_norm")
      header.network(gated: !isPLM)
    }
    try header.output(tied: true)
    return header
  }

  private static func attention(_ header: inout HeaderBuilder, _ sizes: LatentSizes) {
    let queries = header.heads * header.keySize
    if sizes.queryRank > 0 {
      header.linear("attn_q_a", header.width, sizes.queryRank)
      header.norm("attn_q_a_norm", sizes.queryRank)
      header.linear("attn_q_b", sizes.queryRank, queries)
    } else {
      header.linear("attn_q", header.width, queries)
    }
    header.linear("attn_kv_a_mqa", header.width, sizes.rank + sizes.rotary)
    header.norm("attn_kv_a_norm", sizes.rank)
    header.linear("attn_kv_b", sizes.rank, header.heads * (sizes.plain + sizes.value))
    header.linear("attn_output", header.heads * sizes.value, header.width)
  }
}
