// SPDX-License-Identifier: MIT

/// Phi-3.5-MoE: norms and the output have biases. As in the reference, norms divide by the root
/// mean square, and the choice of experts is a plain softmax.
enum PhiMoE: EvaluableArchitecture {
  static let names = ["phimoe"]

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
      attention.output = try model.linear(
        "blk.\(layer).attn_output", attention.heads * sizes.valueSize, sizes.width,
        needsBias: true)
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .mixture(
          try model.mixture(layer: layer, sizes, width: sizes.feedForward[layer])))
    }
    var graph = try model.graph(sizes, tied: false, layers: layers)
    graph.output = try model.linear("output", sizes.width, sizes.vocabulary, needsBias: true)
    return graph
  }
}

// MARK: Configuration

extension PhiMoE {
  static let modelTypes = ["phimoe"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("phimoe", config)
    try Phi3.keys(&header)
    header.rotationFactors()
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm", bias: true)
      header.attention(bias: bias, outputBias: bias)
      header.norm("ffn_norm", bias: true)
      header.mixture(header.feedForward)
    }
    try header.output(
      tied: false, bias: try config.flag("lm_head_bias", default: false), normBias: true)
    return header
  }
}
