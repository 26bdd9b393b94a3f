// SPDX-License-Identifier: MIT

/// BLOOM and MPT: positions by slopes on the scores. Only estimated.
enum Bloom: Architecture {
  static let names = ["bloom", "mpt"]
  static let modelTypes = ["bloom", "mpt"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isBloom = config.modelType == "bloom"
    var header = try HeaderBuilder(isBloom ? "bloom" : "mpt", config)
    header.feedForward = try config.integer("expansion_ratio", default: 4) * header.width
    if let attention = config.object("attn_config") {
      header.keyValueHeads = try attention.integer("kv_n_heads", default: header.heads)
      attention.markAllRead()
    }
    try header.commonKeys()
    header.key("context_length", try header.contextLength() ?? header.width)
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count_kv", header.keyValueHeads)
    config.ignore("embedding_fraction")
    for key in ["init_config", "ffn_config", "fc_type", "norm_type", "learned_pos_emb"] {
      config.object(key)?.markAllRead()
    }
    let hasBias = isBloom ? true : try !config.flag("no_bias", default: true)
    var form = LayerForm()
    (form.bias, form.outputBias, form.networkBias, form.normBias) =
      (hasBias, hasBias, hasBias, hasBias)
    (form.isFused, form.isGated) = (true, false)
    if isBloom { header.norm("token_embd_norm", bias: true) }
    try header.plainLayers(form)
    try header.output(tied: true, normBias: hasBias)
    return header
  }
}
