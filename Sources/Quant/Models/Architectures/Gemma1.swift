// SPDX-License-Identifier: MIT

/// The first Gemma, whose outputs use the embedding's weights, as those of all Gemmas do.
enum Gemma1: EvaluableArchitecture {
  static let names = ["gemma"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try model.attention(sizes, layer: layer, .halves),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .dense(
          try model.dense(layer: layer, sizes, width: sizes.feedForward[layer], .gelu)))
    }
    var graph = try model.graph(sizes, layers: layers)
    graph.embeddingScale = Float(sizes.width).squareRoot()
    return graph
  }
}

// MARK: Configuration

extension Gemma1 {
  static let modelTypes = ["gemma"]

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 3072, "intermediate_size": 24576, "num_hidden_layers": 28, "head_dim": 256,
      "num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 256_000,
      "max_position_embeddings": 8192,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("gemma", config)
    try header.commonKeys()
    header.removeKey("rope.freq_base")
    header.headKeys()
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention()
      header.norm("ffn_norm")
      header.network()
    }
    header.tiedOutput()
    return header
  }
}
