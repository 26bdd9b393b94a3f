// SPDX-License-Identifier: MIT
internal import GGUF

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let dense = try model.integer("leading_dense_block_count", default: 0)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try attention(model, sizes, layer),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: layer < dense
          ? .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer]))
          : .mixture(try mixture(model, sizes, layer)))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> MixtureGraph {
    let width = try model.integer("expert_feed_forward_length")
    let isLite = liteLayers.contains(sizes.layers) && sizes.vocabulary == 154_880
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: isLite ? .sigmoid : .softmax, needsBias: false)
    mixture.shared = try model.sharedExperts(layer: layer, sizes, width: width)
    return mixture
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    let heads = sizes.heads[layer]
    // Part of a key is rotated, and part is not.
    let keySize = try model.integer(
      "attention.key_length_mla", default: max(sizes.keySize, 3), in: 3...65_535)
    let valueSize = try model.integer(
      "attention.value_length_mla", default: sizes.valueSize, in: 1...65_535)
    let rotated = try model.integer("rope.dimension_count", in: 2...keySize - 1)
    let (rotation, scale) = try scaling(model, keySize: keySize, rotated: rotated)
    let latent = try latent(
      model, sizes, layer, heads: heads, keySize: keySize, valueSize: valueSize, rotated: rotated)
    return AttentionGraph(
      input: .latent(latent), heads: heads, keyValueHeads: heads, keySize: keySize,
      valueSize: valueSize, rotation: rotation, scale: scale,
      temperature: try temperature(model),
      output: try model.linear("blk.\(layer).attn_output", heads * valueSize, sizes.width))
  }

  private static func latent(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, heads: Int, keySize: Int,
    valueSize: Int, rotated: Int
  ) throws(QuantError) -> LatentAttention {
    let prefix = "blk.\(layer).attn_"
    let size = try model.integer("attention.kv_lora_rank", in: 1...(1 << 20))
    let plain = keySize - rotated
    let expansion: LatentAttention.Expansion =
      model.source.contains("\(prefix)k_b.weight")
      ? .perHead(
        key: try model.tensor("\(prefix)k_b.weight", [plain, size, heads]),
        value: try model.tensor("\(prefix)v_b.weight", [size, valueSize, heads]))
      : .joint(try model.linear("\(prefix)kv_b", size, heads * (plain + valueSize)))
    return LatentAttention(
      query: try query(model, sizes, layer, outputs: heads * keySize),
      down: try model.linear("\(prefix)kv_a_mqa", sizes.width, size + rotated),
      norm: try model.norm("\(prefix)kv_a_norm", size), expansion: expansion, latent: size)
  }

  private static func query(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, outputs: Int
  ) throws(QuantError) -> LatentAttention.Query {
    let prefix = "blk.\(layer).attn_q"
    let rank = try model.integer("attention.q_lora_rank", default: 0)
    guard rank > 0 else { return .direct(try model.linear(prefix, sizes.width, outputs)) }
    return .compressed(
      down: try model.linear("\(prefix)_a", sizes.width, rank),
      norm: try model.norm("\(prefix)_a_norm", rank),
      up: try model.linear("\(prefix)_b", rank, outputs))
  }

  /// The rotation, and the factor on scores, which longer contexts raise.
  private static func scaling(
    _ model: ModelReader, keySize: Int, rotated: Int
  ) throws(QuantError) -> (Rotation, Float) {
    var rotation = try model.rotation(.neighbours, headSize: rotated)
    let given = try model.number("rope.scaling.attn_factor", default: 1)
    // Files hold a tenth of the multiplier.
    let multiplier = try model.number("rope.scaling.yarn_log_multiplier", default: 0)
    let magnitude: Float
    switch rotation.scaling {
    case .linear(let factor):
      // Whatever the scaling, the reference raises scores by the factor's logarithm.
      let logarithm = Float(log(Double(factor)))
      magnitude = given * (1 + 0.1 * logarithm) * (1 + multiplier * logarithm)
    case .yarn(let factor, _, _, _):
      // With a multiplier only scores are raised, without one queries and keys as well.
      if multiplier != 0 { rotation.magnitude = given }
      magnitude = rotation.magnitude * (1 + multiplier * Float(log(Double(factor))))
    }
    return (rotation, magnitude * magnitude / Float(keySize).squareRoot())
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
