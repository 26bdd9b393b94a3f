// SPDX-License-Identifier: MIT

/// LFM 2: most layers are short convolutions; the later ones may have experts. Only estimated.
enum LFM2: Architecture {
  static let names = ["lfm2", "lfm2moe"]
  static let modelTypes = ["lfm2", "lfm2_moe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func defaults(_ modelType: String) -> [String: Int] {
    modelType == "lfm2"
      ? [
        "hidden_size": 2560, "intermediate_size": 12288, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 65536,
        "max_position_embeddings": 128_000,
      ] : [:]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let hasExperts = config.modelType == "lfm2_moe"
    var header = try HeaderBuilder(hasExperts ? "lfm2moe" : "lfm2", config)
    if !hasExperts { header.feedForward = try networkWidth(header) }
    let attends = try attendingLayers(header)
    let kernel = try config.integer("conv_L_cache", default: 3)
    let dense = try config.integer("num_dense_layers", default: hasExperts ? 2 : 0)
    try keys(&header, attends, kernel, hasExperts ? dense : nil)
    let inner = try config.integer("moe_intermediate_size", default: 0)
    let choiceBias = try config.flag("use_expert_bias", default: true)
    config.ignore("conv_bias", "block_dim", "block_out_dim", "conv_dim", "conv_dim_out")
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      if attends[layer] { header.attention(.heads) } else { header.shortConvolution(kernel) }
      header.norm("ffn_norm")
      if hasExperts && layer >= dense {
        header.mixture(inner, choiceBias: choiceBias)
      } else {
        header.network()
      }
    }
    header.norm("token_embd_norm")
    try header.head(tied: try config.flag("tie_embedding", default: true))
    return header
  }

  private static func keys(
    _ header: inout HeaderBuilder, _ attends: [Bool], _ kernel: Int, _ dense: Int?
  ) throws(QuantError) {
    try header.commonKeys()
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count_kv", attends.map { $0 ? header.keyValueHeads : 0 })
    header.key("vocab_size", header.vocabulary)
    header.key("shortconv.l_cache", kernel)
    guard let dense else { return }
    try header.mixtureKeys(weighing: false)
    header.key("leading_dense_block_count", dense)
    header.key("expert_gating_func", 2)
  }

  private static func attendingLayers(_ header: HeaderBuilder) throws(QuantError) -> [Bool] {
    let config = header.config
    let (types, indices) = (config.texts("layer_types"), config.list("full_attn_idxs"))
    guard types != nil || indices != nil else { throw config.missing("layer_types") }
    return (0..<header.layers).map { layer in
      types.map { layer < $0.count && $0[layer] == "full_attention" }
        ?? indices?.contains(layer) ?? true
    }
  }

  /// The width that is stated is for a network without a gate, unless it says otherwise.
  private static func networkWidth(_ header: HeaderBuilder) throws(QuantError) -> Int {
    let config = header.config
    var inner = try config.integer("block_ff_dim", "intermediate_size", default: header.feedForward)
    guard try config.flag("block_auto_adjust_ff_dim", default: true) else { return inner }
    inner = 2 * inner / 3
    if let factor = config.number("block_ffn_dim_multiplier"), factor > 0, factor < 1024 {
      inner = Int(factor * Double(inner))
    }
    let multiple = max(1, try config.integer("block_multiple_of", default: 256))
    return (inner + multiple - 1) / multiple * multiple
  }
}
