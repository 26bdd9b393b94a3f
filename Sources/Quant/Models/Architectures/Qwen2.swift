// SPDX-License-Identifier: MIT

/// Qwen 2 and 2.5: biases on queries, keys and values; numbers of both halves of a head are
/// rotated together.
enum Qwen2: EvaluableArchitecture {
  static let names = ["qwen2"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard))
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try model.attention(sizes, layer: layer, .halves),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .dense(
          try model.dense(layer: layer, sizes, width: sizes.feedForward[layer])))
    }
    return try model.graph(sizes, layers: layers)
  }
}

// MARK: Configuration

extension Qwen2 {
  static let modelTypes = ["qwen2", "qwen2_audio", "dots_ocr", "kormo", "audioflamingo3"]

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
      "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 151_936,
      "max_position_embeddings": 32768,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try configure("qwen2", config)
  }

  static func configure(
    _ name: String, _ config: ConfigurationReader
  ) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder(name, config)
    try header.commonKeys()
    let bias = try config.flag("attention_bias", "qkv_bias", default: true)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias)
      header.norm("ffn_norm")
      header.network()
    }
    try header.output(tied: false)
    return header
  }
}
