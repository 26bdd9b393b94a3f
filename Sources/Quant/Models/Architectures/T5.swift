// SPDX-License-Identifier: MIT

/// T5, mT5 and UMT5: an encoder and a decoder, or the encoder alone.
enum T5: EvaluableArchitecture {
  static let names = ["t5", "t5encoder"]
  static let modelTypes = ["t5", "mt5", "umt5"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isEncoder = config.classes.contains { $0.hasSuffix("EncoderModel") }
    var header = try HeaderBuilder(isEncoder ? "t5encoder" : "t5", config)
    let size = try config.integer("d_kv", default: 64)
    (header.keySize, header.valueSize) = (size, size)
    header.key("block_count", header.layers)
    header.key("context_length", try config.integer("n_positions", default: 512))
    header.key("embedding_length", header.width)
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count", header.heads)
    header.headKeys()
    let buckets = try config.integer("relative_attention_num_buckets", default: 32)
    header.key("attention.relative_buckets_count", buckets)
    let decoders = try config.integer("num_decoder_layers", default: header.layers)
    if !isEncoder, config.has("num_decoder_layers") { header.key("decoder_block_count", decoders) }
    let isGated =
      try config.flag("is_gated_act", default: false)
      || config.text("feed_forward_proj")?.hasPrefix("gated") ?? (config.modelType != "t5")
    config.ignore("relative_attention_max_distance", "tie_word_embeddings", "scale_decoder_outputs")
    header.embedding()
    let isShared = config.modelType != "umt5"
    try add(&header, "enc", header.layers, isGated, buckets, isShared: isShared)
    guard !isEncoder else { return header }
    try add(&header, "dec", decoders, isGated, buckets, isShared: isShared)
    try header.head(tied: true)
    return header
  }

  private static func add(
    _ header: inout HeaderBuilder, _ side: String, _ layers: Int, _ isGated: Bool, _ buckets: Int,
    isShared: Bool
  ) throws(QuantError) {
    guard layers <= HeaderBuilder.mostLayers else { throw header.config.missing("num_layers") }
    header.block = "\(side).blk"
    for layer in 0..<layers {
      header.layer = layer
      attention(&header, "attn")
      // The first layer's table of distances serves all, but in UMT5.
      if layer == 0 || !isShared { header.linear("attn_rel_b", header.heads, buckets) }
      if side == "dec" { attention(&header, "cross_attn") }
      header.norm("ffn_norm")
      header.network(gated: isGated)
    }
    header.layer = nil
    header.norm("\(side).output_norm")
  }

  private static func attention(_ header: inout HeaderBuilder, _ name: String) {
    let inner = header.heads * header.keySize
    header.norm("\(name)_norm")
    for part in ["q", "k", "v"] { header.linear("\(name)_\(part)", header.width, inner) }
    header.linear("\(name)_o", inner, header.width)
  }
}
