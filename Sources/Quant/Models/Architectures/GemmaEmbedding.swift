// SPDX-License-Identifier: MIT

/// EmbeddingGemma: Gemma 3 looking both ways, without a cache.
enum GemmaEmbedding: EvaluableArchitecture {
  static let names = ["gemma-embedding"]
  static let modelTypes = ["gemma3_text_model"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: 6) }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    // Its keys are those of Gemma 3, and one of them must be there.
    _ = try model.integer("attention.sliding_window", in: 1...(1 << 28))
    var graph = try Gemma.graph(model)
    graph.isEncoder = true
    for layer in graph.layers.indices {
      guard case .attention(var attention) = graph.layers[layer].steps[0].branches[0].block
      else { continue }
      attention.isCausal = false
      if case .sliding(let size) = attention.window { attention.window = .symmetric(size) }
      graph.layers[layer].steps[0].branches[0].block = .attention(attention)
    }
    return graph
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: 6)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try Gemma.configure(names[0], config)
    header.key("attention.causal", false)
    return header
  }
}
