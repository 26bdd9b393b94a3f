// SPDX-License-Identifier: MIT

/// Gemma 2 and 3: norms before and after attention and feed-forward network, GELU gates, embeddings
/// times the root of the width, and layers with a sliding window.
///
/// Gemma 2 caps scores and logits; Gemma 3 norms query and key heads instead, and rotates windowed
/// layers by other angles.
enum Gemma: EvaluableArchitecture {
  static let names = ["gemma2", "gemma3"]

  static func memory(_ name: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.scalesEmbedding = true
    computation.scalesQueries = true
    computation.capsScores = name == "gemma2"
    computation.capsLogits = name == "gemma2"
    computation.storesKeysFirst = true
    return MemoryTraits(computation: computation, slidingPeriod: slidingPeriod(name))
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    let isThird = model.architecture == "gemma3"
    let windows = try model.windowRules(
      period: slidingPeriod(model.architecture), size: isThird ? 0 : 4096)
    return windows + [.count(largest(isThird), "the scale of attention")]
  }

  /// Layers of the largest, which has more heads than its width would suggest.
  private static func largest(_ isThird: Bool) -> Int { isThird ? 62 : 46 }

  private static func slidingPeriod(_ name: String) -> Int { name == "gemma2" ? 2 : 6 }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let isThird = model.architecture != "gemma2"
    let windows = try Windows(model, sizes, isThird: isThird)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try attention(model, sizes, layer, windows, isThird: isThird),
        attentionPostNorm: try model.norm("blk.\(layer).post_attention_norm", sizes.width),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .dense(
          try model.dense(layer: layer, sizes, width: sizes.feedForward[layer], .gelu)),
        feedForwardPostNorm: try model.norm("blk.\(layer).post_ffw_norm", sizes.width))
    }
    var graph = try model.graph(sizes, layers: layers)
    graph.embeddingScale = Float(sizes.width).squareRoot()
    graph.logitCap = try model.number("final_logit_softcapping", default: isThird ? 0 : 30)
    return graph
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ windows: Windows, isThird: Bool
  ) throws(QuantError) -> AttentionGraph {
    var attention = try model.attention(sizes, layer: layer, .halves)
    if sizes.layers == largest(isThird), names.contains(model.architecture) {
      attention.scale = 1 / (Float(sizes.width) / Float(attention.heads)).squareRoot()
    }
    if isThird {
      try model.headNorms(&attention, layer: layer, required: true)
    } else {
      attention.cap = try model.number("attn_logit_softcapping", default: 50)
    }
    if windows.isWindowed[layer] {
      attention.window = .sliding(windows.size)
      attention.rotation?.base = windows.base
      if isThird {
        attention.rotation?.scaling = .linear(1)
        attention.rotation?.magnitude = try model.number("rope.scaling.attn_factor", default: 1)
      }
    }
    return attention
  }

  /// Which layers have windows, and what differs in them.
  private struct Windows {
    let size: Int
    let isWindowed: [Bool]
    let base: Float

    init(_ model: ModelReader, _ sizes: ModelSizes, isThird: Bool) throws(QuantError) {
      size = try model.integer("attention.sliding_window", default: isThird ? 0 : 4096)
      isWindowed =
        size == 0
        ? Array(repeating: false, count: sizes.layers)
        : try model.windowedLayers(sizes, pattern: slidingPeriod(model.architecture))
      base = try model.number(
        "rope.freq_base_swa",
        default: isThird ? 10_000 : try model.number("rope.freq_base", default: 10_000))
    }
  }
}

// MARK: Configuration

extension Gemma {
  static let modelTypes = ["gemma2", "gemma3", "gemma3_text", "shieldgemma2"]

  static func defaults(_ modelType: String) -> [String: Int] {
    modelType == "gemma2"
      ? [
        "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "head_dim": 256,
        "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 256_000,
        "sliding_window": 4096, "max_position_embeddings": 8192,
      ] : thirdDefaults
  }

  static let thirdDefaults = [
    "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "head_dim": 256,
    "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 262_208,
    "sliding_window": 4096, "max_position_embeddings": 131_072,
  ]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try configure(config.modelType == "gemma2" ? "gemma2" : "gemma3", config)
  }

  static func configure(
    _ name: String, _ config: ConfigurationReader
  ) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder(name, config)
    header.keySize = try config.integer("head_dim", default: 256)
    header.valueSize = header.keySize
    if !config.has("num_key_value_heads") && !config.isNested {
      header.keyValueHeads = name == "gemma2" ? header.heads : 4
    }
    try header.commonKeys()
    header.key("attention.head_count_kv", header.keyValueHeads)
    header.headKeys()
    if name == "gemma2" { header.removeKey("rope.freq_base") }
    if try config.optional("sliding_window_pattern", "_sliding_window_pattern") != 1 {
      header.key("attention.sliding_window", try config.optional("sliding_window"))
    }
    config.ignore("layer_types")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(name == "gemma2" ? .none : .heads)
      header.norm("post_attention_norm")
      header.norm("ffn_norm")
      header.network()
      header.norm("post_ffw_norm")
    }
    header.tiedOutput()
    return header
  }
}
