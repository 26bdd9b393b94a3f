// SPDX-License-Identifier: MIT
internal import GGUF

/// DeepSeek V2, V3, R1, Kimi K2: keys and values through a latent vector, dense layers first, then
/// mixtures with a network for all tokens beside them.
enum DeepSeek2: EvaluableArchitecture {
  static let names = ["deepseek2"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.latent))
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    let hasGating = try model.integer("expert_gating_func", default: 0) > 0
    return hasGating
      ? [] : [LayerRule("the gating of experts") { _, count in liteLayers.contains(count) ? 1 : 0 }]
  }

  /// Layers of GLM-4.7-Lite, which goes by this name: it is the only one that lacks the key of gating
  /// and is no softmax.
  private static let liteLayers = 47...48

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try attention(model, sizes, layer),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: try feedForward(model, sizes, layer))
    }
    return try model.graph(sizes, layers: layers)
  }

  /// A network, or experts behind the first layers; `gating` is for files that do not say it.
  static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int,
    gating: MixtureGraph.Gating? = nil, activation: Activation = .silu
  ) throws(QuantError) -> BlockGraph {
    guard try layer >= model.integer("leading_dense_block_count", default: 0) else {
      return .dense(
        try model.dense(layer: layer, sizes, width: sizes.feedForward[layer], activation))
    }
    let width = try model.integers("expert_feed_forward_length", layers: sizes.described)[layer]
    let isLite = liteLayers.contains(sizes.layers) && sizes.vocabulary == 154_880
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: gating ?? (isLite ? .sigmoid : .softmax),
      needsBias: false, activation: activation)
    mixture.shared = try model.sharedExperts(layer: layer, sizes, width: width)
    mixture.shared?.activation = activation
    return .mixture(mixture)
  }

  /// Attention; only the family's first name takes all that scores are raised by off queries and keys.
  static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    let shape = try LatentShape(model, sizes, layer: layer)
    var attention = try model.latentAttention(sizes, layer: layer, shape)
    try model.scaleLatent(
      &attention, shape,
      multiplier: try model.number("rope.scaling.yarn_log_multiplier", default: 0),
      asMultiplied: names.contains(model.architecture))
    attention.temperature = try temperature(model)
    return attention
  }

  /// Mistral Large 3, which goes by this name, raises late queries.
  private static func temperature(_ model: ModelReader) throws(QuantError) -> AttentionTemperature?
  {
    let scale = try model.number("attention.temperature_scale", default: 0)
    let length = try model.integer("attention.temperature_length", default: 0)
    return scale == 0 || length == 0 ? nil : AttentionTemperature(length: length, scale: scale)
  }
}

// MARK: Configuration

extension DeepSeek2 {
  static let modelTypes = [
    "deepseek_v2", "deepseek_v3", "kimi_k2", "kimi_k25", "kimi_vl", "youtu", "youtu_vl",
    "glm4_moe_lite", "deepseek_vl_v2", "deepseek_ocr",
    "unlimited_ocr", "mistral_large_3", "sarvam_mla",
  ]

  static func defaults(_ modelType: String) -> [String: Int] {
    guard modelType == "deepseek_v2" else { return [:] }
    return [
      "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
      "num_attention_heads": 32, "vocab_size": 102_400, "moe_intermediate_size": 1407,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    // DeepSeek-OCR's language model caches keys and values whole.
    guard try config.flag("use_mla", default: !config.modelType.hasSuffix("_ocr")) else {
      return try DeepSeekOCR.configure(config)
    }
    config.ignore("moe")
    var header = try HeaderBuilder("deepseek2", config)
    // Of all that are converted, only this one keeps the layers that predict ahead.
    if config.modelType == "glm4_moe_lite" { try header.countLayersAhead() }
    try keys(&header, LatentSizes(config))
    try layers(&header, choiceBias: hasChoiceBias(config)) { header, _ in }
    try header.output(tied: false)
    return header
  }

  /// Whether a bias takes part in choosing experts: it does where scores are sigmoids.
  static func hasChoiceBias(_ config: ConfigurationReader) -> Bool {
    if let method = config.text("topk_method") { return method == "noaux_tc" }
    return config.text("scoring_func").map { $0 == "sigmoid" }
      ?? ["deepseek_v3", "glm4_moe_lite"].contains(config.modelType)
  }

  /// Sets the keys that all models of the family share.
  static func keys(
    _ header: inout HeaderBuilder, _ sizes: LatentSizes
  ) throws(QuantError) {
    let config = header.config
    try header.commonKeys()
    header.key("attention.head_count_kv", 1)
    header.latentKeys(sizes)
    header.key("vocab_size", header.vocabulary)
    try header.mixtureKeys()
    header.key("expert_feed_forward_length", try expertWidth(header))
    header.key("leading_dense_block_count", try denseLayers(header))
    header.key("expert_shared_count", try config.integer("n_shared_experts", default: 0))
    if try !config.flag("norm_topk_prob", default: true) { header.removeKey("expert_weights_norm") }
  }

  private static func expertWidth(_ header: HeaderBuilder) throws(QuantError) -> Int {
    try header.config.integer("moe_intermediate_size", default: header.feedForward)
  }

  private static func denseLayers(_ header: HeaderBuilder) throws(QuantError) -> Int {
    header.experts > 0 ? try header.leadingDenseLayers() : header.layers
  }

  /// Adds the embedding and all layers.
  static func layers(
    _ header: inout HeaderBuilder, choiceBias: Bool,
    more: (inout HeaderBuilder, Int) throws(QuantError) -> Void
  ) throws(QuantError) {
    let config = header.config
    let sizes = try LatentSizes(config)
    let (inner, dense) = (try expertWidth(header), try denseLayers(header))
    let shared = try config.integer("n_shared_experts", "num_shared_experts", default: 0) * inner
    let step = max(1, try config.integer("moe_layer_freq", default: 1))
    func addLayer(_ header: inout HeaderBuilder, _ layer: Int) throws(QuantError) {
      header.norm("attn_norm")
      header.latentAttention(sizes)
      header.norm("ffn_norm")
      try more(&header, layer)
      guard header.experts > 0, layer >= dense, layer % step == 0 else { return header.network() }
      header.mixture(inner, choiceBias: choiceBias)
      header.sharedNetwork(shared)
    }
    header.embedding()
    try header.eachLayer(addLayer)
    try header.eachLayerAhead { (header, layer) throws(QuantError) in
      try addLayer(&header, layer)
      header.aheadParts()
    }
  }
}
