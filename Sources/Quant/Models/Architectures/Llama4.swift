// SPDX-License-Identifier: MIT

/// Llama 4: three of four layers see chunks of 8,192 positions, the fourth sees all and has no
/// rotation; an expert's weight multiplies what goes into it.
enum Llama4: EvaluableArchitecture {
  static let names = ["llama4"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.storesKeysFirst = true
    return MemoryTraits(
      computation: computation, slidingPeriod: 4, fixedWindow: chunk, defaultWindow: chunk)
  }

  /// The fourth layers have no rotation either, which no list can say.
  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: 4, size: chunk) + LayerRule.every(4, "the rotation")
  }

  /// The size of chunks, and the step of the fourth layers' temperature: fixed in the reference,
  /// whatever the file says.
  private static let chunk = 8192

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let step = try model.integer("interleave_moe_layer_step")
    let window = try model.integer("attention.sliding_window", default: chunk)
    let isWindowed = try model.windowedLayers(sizes, pattern: 4)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      let isMixture = step > 0 && (layer + 1) % step == 0
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try attention(
          model, sizes, layer, isChunked: window > 0 && isWindowed[layer]),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: isMixture
          ? .mixture(try mixture(model, sizes, layer))
          : .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer])))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, isChunked: Bool
  ) throws(QuantError) -> AttentionGraph {
    var attention = try model.attention(sizes, layer: layer, .neighbours)
    if isChunked { attention.window = .chunked(chunk) }
    if (layer + 1) % 4 == 0 {
      attention.rotation = nil
      attention.temperature = AttentionTemperature(length: chunk, offset: 1)
    } else {
      // Maverick, with 128 experts, was trained without these norms.
      attention.normsAfterRotation = sizes.experts != 128
    }
    return attention
  }

  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> MixtureGraph {
    let width = try model.integer("expert_feed_forward_length")
    var mixture = try model.mixture(
      layer: layer, sizes, width: width, gating: .sigmoid, normalizes: false)
    mixture.choosesByLogits = true
    mixture.weighsInput = true
    mixture.shared = try model.dense(layer: layer, suffix: "_shexp", sizes, width: width)
    return mixture
  }
}

// MARK: Configuration

extension Llama4 {
  static let modelTypes = ["llama4", "llama4_text"]

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 5120, "intermediate_size": 8192, "intermediate_size_mlp": 16384,
      "num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8,
      "head_dim": 128, "vocab_size": 202_048, "num_local_experts": 16, "num_experts_per_tok": 1,
      "interleave_moe_layer_step": 1, "max_position_embeddings": 131_072,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("llama4", config)
    let inner = header.feedForward
    try header.commonKeys()
    header.headKeys()
    header.feedForward = try config.integer("intermediate_size_mlp", default: inner)
    header.key("feed_forward_length", header.feedForward)
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    let step = max(1, try config.integer("interleave_moe_layer_step", default: 1))
    header.key("interleave_moe_layer_step", step)
    header.key("expert_feed_forward_length", inner)
    let types = config.texts("layer_types")
    if let types, types.allSatisfy({ $0 == "full_attention" }) {
      header.key("attention.sliding_window", 0)
    }
    let sparse = config.list("moe_layers")
    config.ignore("use_qk_norm", "for_llm_compressor")
    let bias = try config.flag("attention_bias", default: false)
    header.rotationFrequencies()
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      guard sparse?.contains(layer) ?? ((layer + 1) % step == 0) else { return header.network() }
      header.mixture(inner)
      header.sharedNetwork(inner)
    }
    try header.output(tied: false)
    return header
  }
}
