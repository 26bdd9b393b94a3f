// SPDX-License-Identifier: MIT

/// Command R7B and A: attention and network side by side behind one LayerNorm. Every fourth layer sees
/// everything and does not rotate; the others see a window.
enum Cohere2: EvaluableArchitecture {
  static let names = ["cohere2"]
  private static let slidingPeriod = 4

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.storesKeysFirst = true
    return MemoryTraits(computation: computation, slidingPeriod: slidingPeriod)
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: slidingPeriod)
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let windows = try model.windows(sizes, period: slidingPeriod)
    let rotation = try model.rotation(.neighbours, headSize: sizes.keySize)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(
        sizes, layer: layer, windows.isWindowed[layer] ? rotation : nil)
      attention.window = windows[layer]
      return try model.parallelLayer(
        layer, sizes, attention, StepBranch(try model.network(layer, sizes)))
    }
    return try CommandR.scaled(try model.graph(sizes, layers: layers), model)
  }
}

// MARK: Configuration

extension Cohere2 {
  static let modelTypes = ["cohere2"]

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 8192, "intermediate_size": 22528, "num_hidden_layers": 40, "head_dim": 128,
      "num_attention_heads": 64, "num_key_value_heads": 64, "vocab_size": 256_000,
      "sliding_window": 4096, "max_position_embeddings": 8192,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("cohere2", config)
    try header.commonKeys()
    header.headKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    header.key("rope.dimension_count", Int(header.rotaryPart() * Double(header.keySize)))
    config.ignore(
      "sliding_window_pattern", "_sliding_window_pattern", "layer_switch", "use_gated_activation",
      "use_parallel_block", "use_embedding_sharing", "layer_types")
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.network()
    }
    header.tiedOutput()
    return header
  }
}
