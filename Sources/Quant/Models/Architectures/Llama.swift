// SPDX-License-Identifier: MIT

/// Llama 1 to 3, Mistral, and Mixtral's mixtures of experts.
///
/// Norm, attention, norm, feed-forward; neighbours are rotated together. Experts, if there are any,
/// have the width of `feed_forward_length`.
enum Llama: EvaluableArchitecture {
  static let names = ["llama"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard), hasOllamaFormulas: true)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func dense(_ name: String) -> DenseForm? {
    DenseForm(architecture: name, allowsBiases: true)
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    try graph(model) { _ in }
  }

  /// The graph of a model that differs in its attention alone.
  static func graph(
    _ model: ModelReader, _ change: (inout AttentionGraph) throws(QuantError) -> Void
  ) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .neighbours)
      try change(&attention)
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: try feedForward(model, sizes, layer))
    }
    return try model.graph(sizes, layers: layers)
  }

  /// A dense network, or experts of the same width.
  static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    let width = sizes.feedForward[layer]
    guard sizes.experts > 0 else {
      return .dense(try model.dense(layer: layer, sizes, width: width))
    }
    return .mixture(try model.mixture(layer: layer, sizes, width: width))
  }
}

// MARK: Configuration

extension Llama {
  static let modelTypes = ["llama", "mistral", "mixtral", "params.json", "vllama3", "iquestcoder"]

  static func defaults(_ modelType: String) -> [String: Int] {
    let isMistral = modelType == "mistral"
    return [
      "hidden_size": 4096, "intermediate_size": isMistral ? 14336 : 11008, "num_hidden_layers": 32,
      "num_attention_heads": 32, "num_key_value_heads": isMistral ? 8 : 32, "vocab_size": 32000,
      "max_position_embeddings": isMistral ? 131_072 : 2048,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try configure("llama", config)
  }

  /// Adds everything of a model that differs from Llama in its name alone.
  static func configure(
    _ name: String, _ config: ConfigurationReader
  ) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder(name, config)
    config.ignore("moe")
    try header.commonKeys()
    // The classes of both fill in what a head has; Mixtral's does not.
    if !["mixtral", "params.json"].contains(config.modelType) { header.headKeys() }
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    header.rotationFrequencies()
    try layers(&header)
    try header.output(tied: false)
    return header
  }

  /// Adds the embedding and the layers.
  static func layers(_ header: inout HeaderBuilder) throws(QuantError) {
    let config = header.config
    let bias = try config.flag("attention_bias", "bias", "use_bias", default: false)
    let networkBias = try config.flag("mlp_bias", "use_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      if header.experts > 0 {
        header.mixture(header.feedForward)
      } else {
        header.network(bias: networkBias)
      }
    }
  }
}
