// SPDX-License-Identifier: MIT

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Hunyuan, dense and with experts: query and key heads are normed. Only estimated.
enum Hunyuan: Architecture {
  static let names = ["hunyuan-dense", "hunyuan-moe", "hunyuan_vl"]
  static let modelTypes = [
    "hunyuan_v1_dense", "hunyuan_v1_moe", "hunyuan", "hunyuan_vl", "hunyuan_vl_text",
  ]

  static func memory(_ name: String) -> MemoryTraits {
    guard name != "hunyuan_vl" else { return .unknown }
    var computation = ComputationTraits(.standard)
    computation.rotatesBeforeNorms = true
    return MemoryTraits(computation: computation)
  }

  /// Rotation for long contexts raises its base, whatever context the configuration states.
  private static func stretch(_ header: inout HeaderBuilder) {
    guard let rope = header.rotationScaling, header.rotationType == "dynamic" else { return }
    header.key("context_length", 256 * 1024)
    let size = Double(max(3, header.keySize))
    let base = rope.number("rope_theta") ?? header.config.number("rope_theta") ?? 10000
    let stretched = base * pow(rope.number("alpha") ?? 1000, size / (size - 2))
    header.key("rope.freq_base", fraction: stretched)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let hasExperts = ["hunyuan_v1_moe", "hunyuan"].contains(config.modelType)
    let isSeeing = config.modelType.contains("vl")
    var header = try HeaderBuilder(
      isSeeing ? "hunyuan_vl" : hasExperts ? "hunyuan-moe" : "hunyuan-dense", config)
    if !hasExperts { header.experts = 0 }
    config.ignore(
      "attention_head_dim", "use_cla", "cla_share_factor", "use_mixed_mlp_moe", "org_vocab_size",
      "mlp_bias", "norm_type", "moe_layer_num_skipped", "moe_drop_tokens", "pool_type")
    try header.commonKeys()
    stretch(&header)
    let inner = try config.uniform("moe_intermediate_size") ?? header.feedForward
    let shared = try (config.uniform("num_shared_expert") ?? 1) * header.feedForward
    let used = try config.uniform("moe_topk")
    if hasExperts {
      header.key("expert_shared_feed_forward_length", header.feedForward)
      header.key("expert_feed_forward_length", inner)
      header.key("expert_used_count", used)
      header.key("expert_shared_count", try config.uniform("num_shared_expert"))
    }
    let norms: HeadNorms = try config.flag("use_qk_norm", default: true) ? .heads : .none
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(norms, bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      guard header.experts > 0 else { return header.network() }
      header.mixture(inner)
      header.sharedNetwork(shared)
    }
    try header.output(tied: true)
    return header
  }
}
