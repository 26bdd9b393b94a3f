// SPDX-License-Identifier: MIT

/// Qwen 2 and 2.5 with images: the language model is Qwen 2, rotated by three positions that are alike for
/// text.
enum Qwen2VL: EvaluableArchitecture {
  static let names = ["qwen2vl"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    var rotation = try model.rotation(.halves, headSize: sizes.keySize)
    try model.setSections(of: &rotation, interleaved: false)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.layer(
        layer, sizes, try model.attention(sizes, layer: layer, rotation),
        try model.network(layer, sizes))
    }
    var graph = try model.graph(sizes, layers: layers)
    // Programs do not read the key of the epsilon, and do not add the bias of the output.
    graph.epsilon = 0
    graph.output.bias = nil
    return graph
  }
}

// MARK: Configuration

extension Qwen2VL {
  static let modelTypes = [
    "qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text", "qwen2_5_omni",
    "qwen2_5_omni_thinker", "qwen2_5_omni_text",
  ]

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 8192, "intermediate_size": 29568, "num_hidden_layers": 80,
      "num_attention_heads": 64, "num_key_value_heads": 8, "vocab_size": 152_064,
      "max_position_embeddings": 32768,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try Qwen2.configure("qwen2vl", config)
  }
}
