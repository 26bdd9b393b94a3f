// SPDX-License-Identifier: MIT

/// Qwen 3, dense and with experts: every query and key head is normed before rotation.
enum Qwen3: EvaluableArchitecture {
  static let names = ["qwen3", "qwen3moe"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard))
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func dense(_ name: String) -> DenseForm? {
    name == "qwen3moe" ? DenseForm(architecture: "qwen3") : nil
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.headNorms(&attention, layer: layer, required: true)
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: try feedForward(model, sizes, layer))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard model.architecture == "qwen3moe" else {
      return .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer]))
    }
    let width = try model.expertWidth(sizes, layer: layer)
    return .mixture(try model.mixture(layer: layer, sizes, width: width))
  }
}

// MARK: Configuration

extension Qwen3 {
  static let modelTypes = ["qwen3", "qwen3_moe", "stepvl", "step_robotics"]

  static func defaults(_ modelType: String) -> [String: Int] {
    modelType == "qwen3_moe"
      ? [
        "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 24,
        "num_attention_heads": 32, "num_key_value_heads": 4, "vocab_size": 151_936,
        "num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768,
        "max_position_embeddings": 32768,
      ] : defaults
  }

  static let defaults = [
    "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32, "head_dim": 128,
    "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 151_936,
    "max_position_embeddings": 32768,
  ]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    config.modelType == "qwen3_moe"
      ? try Qwen2MoE.mixture("qwen3moe", config, norms: .heads, bias: false)
      : try configure("qwen3", config)
  }

  static func configure(
    _ name: String, _ config: ConfigurationReader
  ) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder(name, config)
    try header.commonKeys()
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(.heads, bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      header.network()
    }
    try header.output(tied: false)
    return header
  }
}
