// SPDX-License-Identifier: MIT

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Hunyuan, dense and with experts: query and key heads are normed behind their rotation.
enum Hunyuan: EvaluableArchitecture {
  static let names = ["hunyuan-dense", "hunyuan-moe"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.rotatesBeforeNorms = true
    return MemoryTraits(computation: computation)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let hasExperts = model.architecture == "hunyuan-moe"
    var rotation = try model.rotation(.halves, headSize: sizes.keySize)
    if !hasExperts { try stretch(&rotation, model, sizes) }
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, rotation)
      attention.rotatesFirst = true
      try model.headNorms(&attention, layer: layer, required: true)
      return try model.layer(
        layer, sizes, attention,
        hasExperts
          ? .mixture(try mixture(model, sizes, layer)) : try model.network(layer, sizes))
    }
    return try model.graph(sizes, layers: layers)
  }

  /// Raises the base for long contexts.
  private static func stretch(
    _ rotation: inout Rotation, _ model: ModelReader, _ sizes: ModelSizes
  ) throws(QuantError) {
    let alpha = try model.number("rope.scaling.alpha", default: 0)
    guard alpha > 0, sizes.keySize > 2 else { return }
    rotation.base = Float(stretched(Double(rotation.base), by: Double(alpha), size: sizes.keySize))
  }

  private static func stretched(_ base: Double, by alpha: Double, size: Int) -> Double {
    base * pow(alpha, Double(size) / Double(size - 2))
  }

  /// Experts are as wide as a dense network would be.
  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> MixtureGraph {
    let width = sizes.feedForward[layer]
    var mixture = try model.mixture(layer: layer, sizes, width: width)
    let shared = try model.integer("expert_shared_feed_forward_length", default: 0)
    mixture.shared = try model.dense(
      layer: layer, suffix: "_shexp", sizes, width: shared > 0 ? shared : width)
    return mixture
  }
}

// MARK: Configuration

extension Hunyuan {
  static let modelTypes = ["hunyuan_v1_dense", "hunyuan_v1_moe", "hunyuan"]

  /// Rotation for long contexts raises its base, whatever context the configuration states.
  private static func stretch(_ header: inout HeaderBuilder) {
    guard let rope = header.rotationScaling, header.rotationType == "dynamic" else { return }
    header.key("context_length", 256 * 1024)
    let base = rope.number("rope_theta") ?? header.config.number("rope_theta") ?? 10000
    header.key(
      "rope.freq_base",
      fraction: stretched(base, by: rope.number("alpha") ?? 1000, size: max(3, header.keySize)))
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

/// Hunyuan with images. Only estimated.
enum HunyuanVL: Architecture {
  static let names = ["hunyuan_vl"]
  static let modelTypes = ["hunyuan_vl", "hunyuan_vl_text"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try Hunyuan.configure(config)
  }
}
