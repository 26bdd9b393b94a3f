// SPDX-License-Identifier: MIT
internal import GGUF

/// Phi 3 and 4-mini: fused products, angles divided by factors for long or short contexts. Their
/// sliding window is not used, as in the reference.
enum Phi3: EvaluableArchitecture {
  static let names = ["phi3"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.scalesQueries = true
    computation.addsToResidual = true
    return MemoryTraits(computation: computation)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      attention.rotation = try model.rotation(
        .halves, headSize: sizes.keySize, longContext: true)
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .dense(try dense(model, sizes, layer)))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func dense(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> DenseGraph {
    let width = sizes.feedForward[layer]
    guard !model.source.contains("blk.\(layer).ffn_gate.weight") else {
      return try model.dense(layer: layer, sizes, width: width)
    }
    return DenseGraph(
      input: .fused(try model.linear("blk.\(layer).ffn_up", sizes.width, 2 * width)),
      width: width, down: try model.linear("blk.\(layer).ffn_down", width, sizes.width))
  }
}

// MARK: Configuration

extension Phi3 {
  static let modelTypes = ["phi3"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("phi3", config)
    try keys(&header)
    header.rotationFactors()
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.fusedAttention()
      header.norm("ffn_norm")
      header.network(fused: true)
    }
    try header.output(tied: false)
    return header
  }

  /// Sets the keys of both Phi 3 and Phi 3.5 MoE.
  static func keys(_ header: inout HeaderBuilder) throws(QuantError) {
    let config = header.config
    try header.commonKeys()
    header.key("attention.head_count_kv", header.keyValueHeads)
    header.key(
      "rope.dimension_count", Int(header.rotaryPart() * Double(header.width)) / max(1, header.heads)
    )
    header.key("attention.sliding_window", try config.integer("sliding_window", default: 0))
    header.key(
      "rope.scaling.original_context_length",
      try config.optional("original_max_position_embeddings"))
  }
}
