// SPDX-License-Identifier: MIT

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// RWKV 6 and 7: states instead of attention.
enum RWKV: EvaluableArchitecture {
  static let names = ["rwkv6", "rwkv7"]
  static let modelTypes = ["rwkv6", "rwkv7"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    // The first layer's values go into all others.
    model.architecture == "rwkv7" ? [.first(1, "what later layers take values from")] : []
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let name = config.modelType == "rwkv_hybrid" ? "arwkv7" : config.modelType
    var header = try HeaderBuilder(name, config, heads: 0)
    let isOnQwen = name == "rwkv6qwen2" || name == "arwkv7"
    let isSixth = name.hasPrefix("rwkv6")
    let size = try config.integer(
      "head_size", "head_dim", default: header.heads > 0 ? header.width / header.heads : 64)
    if header.feedForward == 0 {
      header.feedForward = isSixth ? header.width * 7 / 2 / 32 * 32 : 4 * header.width
    }
    keys(&header, size, isOnQwen)
    config.ignore(
      "rescale_every", "head_size_divisor", "attention_hidden_size", "num_heads", "attn",
      "attn_mode", "num_wkv_heads",
      "wkv_version", "wkv_layers", "attention_bias", "value_dim", "fuse_norm",
      "fuse_cross_entropy", "norm_first", "norm_bias", "hidden_ratio", "max_context_length",
      "expand_k", "layer_norm_epsilon")
    header.embedding()
    if !isOnQwen { header.norm("token_embd_norm", bias: true) }
    let ranks = try Ranks(header, isSixth: isSixth, isOnQwen: isOnQwen)
    try header.eachLayer { header, layer in
      header.norm("attn_norm", bias: !isOnQwen)
      if !isOnQwen { header.norm("attn_norm_2", bias: true) }
      if isSixth {
        sixth(&header, ranks, size, isOnQwen: isOnQwen)
      } else {
        seventh(&header, ranks, layer: layer, hasNorm: !isOnQwen)
      }
      if isOnQwen {
        header.norm("ffn_norm")
        header.network()
      } else {
        channelMix(&header, isSixth: isSixth)
      }
    }
    try header.output(tied: false, normBias: !isOnQwen)
    return header
  }

  /// Ranks of the small products.
  private struct Ranks {
    let mix: Int
    let decay: Int
    let rate: Int
    let value: Int
    let gate: Int

    init(_ header: HeaderBuilder, isSixth: Bool, isOnQwen: Bool) throws(QuantError) {
      let (config, width) = (header.config, Double(header.width))
      func rank(_ exponent: Double, _ factor: Double) -> Int {
        max(1, Int((pow(width, exponent) * factor / 32).rounded())) * 32
      }
      let isWide = header.width >= 4096
      mix = try config.integer("lora_rank_tokenshift", default: isWide ? 64 : 32)
      decay = try config.integer(
        "lora_rank_decay", "decay_low_rank_dim",
        default: isSixth ? (isWide ? 128 : 64) : isOnQwen ? 64 : rank(0.5, 1.8))
      rate = try config.integer(
        "lora_rank_iclr", "a_low_rank_dim", default: isOnQwen ? 64 : rank(0.5, 1.8))
      value = try config.integer(
        "lora_rank_value_residual_mix", "v_low_rank_dim", default: isOnQwen ? 32 : rank(0.5, 1.3))
      let hasGate = try config.flag("wkv_has_gate", default: true)
      gate = try config.integer(
        "lora_rank_gate", "gate_low_rank_dim",
        default: isOnQwen ? (hasGate ? 128 : 0) : rank(0.8, 0.6))
    }
  }

  private static func keys(_ header: inout HeaderBuilder, _ size: Int, _ isOnQwen: Bool) {
    header.key("block_count", header.layers)
    header.key("context_length", 1 << 20)
    header.key("embedding_length", header.width)
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count", 0)
    header.key("wkv.head_size", size)
    if isOnQwen { header.key("token_shift_count", 1) }
    if header.architecture == "rwkv6qwen2" {
      header.key("attention.head_count_kv", header.keyValueHeads)
    }
  }

  private static func sixth(
    _ header: inout HeaderBuilder, _ ranks: Ranks, _ size: Int, isOnQwen: Bool
  ) {
    let width = header.width
    let shared = isOnQwen && header.keyValueHeads > 0 ? header.keyValueHeads * size : width
    header.linear("time_mix_w1", width, 5 * ranks.mix)
    header.tensor("time_mix_w2.weight", ranks.mix, width, 5)
    header.norm("time_mix_lerp_x")
    header.tensor("time_mix_lerp_fused.weight", width, 1, 1, 5)
    if !isOnQwen { header.tensor("time_mix_first.weight", size, width / max(1, size)) }
    header.norm("time_mix_decay")
    header.linear("time_mix_decay_w1", width, ranks.decay)
    header.linear("time_mix_decay_w2", ranks.decay, width)
    header.linear("time_mix_key", width, shared, bias: isOnQwen)
    header.linear("time_mix_value", width, shared, bias: isOnQwen)
    header.linear("time_mix_receptance", width, width, bias: isOnQwen)
    header.linear("time_mix_gate", width, width)
    if !isOnQwen { header.norm("time_mix_ln", bias: true) }
    header.linear("time_mix_output", width, width)
  }

  private static func seventh(
    _ header: inout HeaderBuilder, _ ranks: Ranks, layer: Int, hasNorm: Bool
  ) {
    let width = header.width
    header.tensor("time_mix_lerp_fused.weight", width, 1, 1, ranks.gate > 0 ? 6 : 5)
    // The first layer has no value to mix with; its parts stand for those of the rate.
    let value = layer == 0 ? ranks.rate : ranks.value
    for (part, rank) in [("w", ranks.decay), ("a", ranks.rate), ("v", value)] {
      header.norm("time_mix_\(part)0")
      header.linear("time_mix_\(part)1", width, rank)
      header.linear("time_mix_\(part)2", rank, width)
    }
    if ranks.gate > 0 {
      header.linear("time_mix_g1", width, ranks.gate)
      header.linear("time_mix_g2", ranks.gate, width)
    }
    for part in ["k_k", "k_a", "r_k"] { header.norm("time_mix_\(part)") }
    for part in ["key", "value", "receptance", "output"] {
      header.linear("time_mix_\(part)", width, width)
    }
    if hasNorm { header.norm("time_mix_ln", bias: true) }
  }

  private static func channelMix(_ header: inout HeaderBuilder, isSixth: Bool) {
    header.norm("channel_mix_lerp_k")
    if isSixth {
      header.norm("channel_mix_lerp_r")
      header.linear("channel_mix_receptance", header.width, header.width)
    }
    header.linear("channel_mix_key", header.width, header.feedForward)
    header.linear("channel_mix_value", header.feedForward, header.width)
  }
}

/// Qwen with the states of RWKV in place of attention. Only estimated.
enum RWKVOnQwen: Architecture {
  static let names = ["rwkv6qwen2", "arwkv7"]
  static let modelTypes = ["rwkv6qwen2", "rwkv_hybrid"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try RWKV.configure(config)
  }
}
