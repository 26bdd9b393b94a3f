// SPDX-License-Identifier: MIT

/// Command R and Aya: attention and network side by side behind one LayerNorm; in the largest, each head
/// is normed with factors of its own.
enum CommandR: EvaluableArchitecture {
  static let names = ["command-r"]
  /// Layers from which on heads are normed.
  private static let largest = 64

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? {
    [LayerRule("the norm of heads") { _, count in count >= largest ? 1 : 0 }]
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .neighbours)
      if sizes.layers >= largest { try norms(&attention, model, layer) }
      return try model.parallelLayer(
        layer, sizes, attention, StepBranch(try model.network(layer, sizes)))
    }
    return try scaled(try model.graph(sizes, layers: layers), model)
  }

  /// Norms of each head with factors of its own.
  private static func norms(
    _ attention: inout AttentionGraph, _ model: ModelReader, _ layer: Int
  ) throws(QuantError) {
    func norm(_ name: String, _ heads: Int) throws(QuantError) -> HeadNorm {
      .eachHead(
        Norm(
          weight: try model.tensor(
            "blk.\(layer).attn_\(name)_norm.weight", [attention.keySize, heads]),
          bias: nil, isCentered: true))
    }
    attention.queryNorm = try norm("q", attention.heads)
    attention.keyNorm = try norm("k", attention.keyValueHeads)
  }

  /// A graph whose logits are multiplied with a factor, unless it is zero: that of all of the family.
  static func scaled(_ graph: ModelGraph, _ model: ModelReader) throws(QuantError) -> ModelGraph {
    var graph = graph
    let scale = try model.number("logit_scale")
    if scale != 0 { graph.logitScale = scale }
    return graph
  }
}

// MARK: Configuration

extension CommandR {
  static let modelTypes = ["cohere"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("command-r", config)
    try header.commonKeys()
    let norms = try config.flag("use_qk_norm", default: false)
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      if norms {
        header.tensor("attn_q_norm.weight", header.keySize, header.heads)
        header.tensor("attn_k_norm.weight", header.keySize, header.keyValueHeads)
      }
      header.network()
    }
    header.tiedOutput()
    return header
  }
}
