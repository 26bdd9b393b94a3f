// SPDX-License-Identifier: MIT

/// Gemma 4: windowed layers have smaller heads than those that see everything, the last ones may share
/// keys and values, and layers may have inputs of their own for each token. A layer with experts has a
/// dense network beside them.
enum Gemma4: EvaluableArchitecture {
  static let names = ["gemma4"]
  static let modelTypes = ["gemma4", "gemma4_text", "gemma4_unified", "gemma4_unified_text"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 30, "head_dim": 256,
      "global_head_dim": 512, "num_attention_heads": 8, "num_key_value_heads": 4,
      "vocab_size": 262_144, "sliding_window": 512, "max_position_embeddings": 131_072,
    ]
  }

  /// What differs between layers.
  private struct Sizes {
    let isSliding: [Bool]
    let slidingSize: Int
    let fullSize: Int
    let fullHeads: Int
    let sharing: Int
    let perLayer: Int
    let expertWidth: Int
    let isDoubled: Bool
    let sharesValues: Bool

    init(_ header: HeaderBuilder) throws(QuantError) {
      let config = header.config
      isSliding = header.slidingLayers() ?? (0..<header.layers).map { $0 % 6 != 5 }
      slidingSize = try config.integer("head_dim", default: 256)
      fullSize = try config.integer("global_head_dim", default: 512)
      fullHeads = try config.integer("num_global_key_value_heads", default: header.keyValueHeads)
      sharing = try config.integer("num_kv_shared_layers", default: 0)
      perLayer = try config.integer("hidden_size_per_layer_input", default: 0)
      expertWidth = try config.integer(
        "expert_intermediate_size", "moe_intermediate_size", default: 0)
      isDoubled = try config.flag("use_double_wide_mlp", default: false)
      sharesValues = try config.flag("attention_k_eq_v", default: false)
      _ = config.object("per_layer_config")?.markAllRead()
      guard isSliding.count == header.layers, sharing < header.layers else {
        throw config.refused("layer_types: expected one for each of \(header.layers) layers")
      }
    }
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("gemma4", config)
    let hasExperts = try config.flag("enable_moe_block", default: header.experts > 0)
    if !hasExperts { header.experts = 0 }
    let sizes = try Sizes(header)
    try keys(&header, sizes)
    let all = sizes.perLayer * header.layers
    header.tensor("rope_freqs.weight", sizes.fullSize / 2)
    header.embedding()
    if all > 0 {
      header.tensor("per_layer_token_embd.weight", all, header.vocabulary)
      header.linear("per_layer_model_proj", header.width, all)
      header.norm("per_layer_proj_norm", sizes.perLayer)
    }
    let (plain, slidingHeads) = (header.feedForward, header.keyValueHeads)
    try header.eachLayer { header, layer in
      let isSliding = sizes.isSliding[layer]
      header.keySize = isSliding ? sizes.slidingSize : sizes.fullSize
      header.valueSize = header.keySize
      header.keyValueHeads = isSliding ? slidingHeads : sizes.fullHeads
      let shares = layer >= header.layers - sizes.sharing
      header.feedForward = sizes.isDoubled && shares ? 2 * plain : plain
      attention(&header, shares ? .shared : isSliding || !sizes.sharesValues ? .own : .keysOnly)
      add(&header, sizes)
    }
    header.tiedOutput()
    return header
  }

  private static func keys(_ header: inout HeaderBuilder, _ sizes: Sizes) throws(QuantError) {
    let plain = header.feedForward
    try header.commonKeys()
    header.key("attention.key_length", sizes.fullSize)
    header.key("attention.value_length", sizes.fullSize)
    header.key("attention.key_length_swa", sizes.slidingSize)
    header.key("attention.value_length_swa", sizes.slidingSize)
    header.key("rope.dimension_count", sizes.fullSize)
    header.key("rope.dimension_count_swa", sizes.slidingSize)
    header.key("attention.head_count_kv", header.keyValueHeads)
    if header.config.has("num_global_key_value_heads") {
      header.key(
        "attention.head_count_kv",
        sizes.isSliding.map { $0 ? header.keyValueHeads : sizes.fullHeads })
    }
    if sizes.isDoubled {
      let first = header.layers - sizes.sharing
      header.key("feed_forward_length", (0..<header.layers).map { $0 < first ? plain : 2 * plain })
    }
    header.key("attention.sliding_window", try header.config.optional("sliding_window"))
    header.key("attention.sliding_window_pattern", sizes.isSliding)
    header.key("attention.shared_kv_layers", sizes.sharing)
    header.key("embedding_length_per_layer_input", sizes.perLayer)
    if header.experts > 0 { header.key("expert_feed_forward_length", sizes.expertWidth) }
  }

  /// What a layer has of its own: keys that are the values, too, or nothing.
  private enum Cached { case own, keysOnly, shared }

  private static func attention(_ header: inout HeaderBuilder, _ cached: Cached) {
    let (width, shared) = (header.width, header.keyValueHeads * header.keySize)
    header.norm("attn_norm")
    header.linear("attn_q", width, header.heads * header.keySize)
    header.norm("attn_q_norm", header.keySize)
    if cached != .shared {
      header.linear("attn_k", width, shared)
      header.norm("attn_k_norm", header.keySize)
    }
    if cached == .own { header.linear("attn_v", width, shared) }
    header.linear("attn_output", header.heads * header.keySize, width)
  }

  private static func add(_ header: inout HeaderBuilder, _ sizes: Sizes) {
    let width = header.width
    header.norm("post_attention_norm")
    header.norm("ffn_norm")
    header.network()
    header.norm("post_ffw_norm")
    header.tensor("layer_output_scale.weight", 1)
    if sizes.perLayer > 0 {
      header.linear("inp_gate", width, sizes.perLayer)
      header.linear("proj", sizes.perLayer, width)
      header.norm("post_norm")
    }
    guard header.experts > 0 else { return }
    header.linear("ffn_gate_inp", width, header.experts)
    header.tensor("ffn_gate_inp.scale", width)
    header.norm("pre_ffw_norm_2")
    header.norm("post_ffw_norm_1")
    header.norm("post_ffw_norm_2")
    header.tensor("ffn_gate_up_exps.weight", width, 2 * sizes.expertWidth, header.experts)
    header.tensor("ffn_down_exps.weight", sizes.expertWidth, width, header.experts)
    header.tensor("ffn_down_exps.scale", header.experts)
  }
}
