// SPDX-License-Identifier: MIT

/// The first DeepSeek with experts: the weights of those chosen do not add up to 1, and a network for all
/// tokens stands beside them.
enum DeepSeek1: EvaluableArchitecture {
  static let names = ["deepseek"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.layer(
        layer, sizes, try model.attention(sizes, layer: layer, .neighbours),
        try feedForward(model, sizes, layer))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard layer >= (try model.integer("leading_dense_block_count", default: 0)) else {
      return try model.network(layer, sizes)
    }
    let width = try model.expertWidth(sizes, layer: layer)
    var mixture = try model.mixture(layer: layer, sizes, width: width, normalizes: false)
    let scale = try model.number("expert_weights_scale", default: 0)
    if scale != 0 { mixture.weightScale = scale }
    mixture.shared = try model.sharedExperts(layer: layer, sizes, width: width)
    return .mixture(mixture)
  }
}

// MARK: Configuration

extension DeepSeek1 {
  static let modelTypes = ["deepseek"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try configure("deepseek", config)
  }

  static func configure(
    _ name: String, _ config: ConfigurationReader
  ) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder(name, config)
    config.ignore(
      "layer_types", "q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim",
      "v_head_dim")
    try header.commonKeys()
    try header.mixtureKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("n_shared_experts", default: 0) * inner
    let step = try config.integer("moe_layer_freq", default: 1)
    let dense = try header.leadingDenseLayers()
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      guard header.experts > 0, layer >= dense, layer % max(1, step) == 0 else {
        return header.network()
      }
      header.mixture(inner)
      header.sharedNetwork(shared)
    }
    try header.output(tied: false)
    return header
  }
}

/// DeepSeek-OCR: the first DeepSeek with experts, with images. Only estimated.
enum DeepSeekOCR: Architecture {
  static let names = ["deepseek2-ocr"]
  /// Configurations of `deepseek2` say whether they are of this kind.
  static let modelTypes: [String] = []

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try DeepSeek1.configure(names[0], config)
  }
}
