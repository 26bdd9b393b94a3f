// SPDX-License-Identifier: MIT

/// Snowflake Arctic: a dense network beside experts that look at what came into the layer.
enum Arctic: EvaluableArchitecture {
  static let names = ["arctic"]
  static let modelTypes = ["arctic"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    var carried = CarriedColumns()
    let input = carried.slot(sizes.width)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        steps: [
          LayerStep(
            norm: try model.norm("blk.\(layer).attn_norm", sizes),
            .attention(try model.attention(sizes, layer: layer, .neighbours))),
          LayerStep(norm: nil, branches: try networks(model, sizes, layer, input)),
        ], inputCopy: input)
    }
    var graph = try model.graph(sizes, layers: layers)
    graph.carried = carried
    return graph
  }

  /// The dense network, as wide as the model, and the experts.
  private static func networks(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ input: CarriedSlot
  ) throws(QuantError) -> [StepBranch] {
    let dense = try model.dense(layer: layer, sizes, width: sizes.width)
    let mixture = try model.mixture(layer: layer, sizes, width: sizes.feedForward[layer])
    var experts = StepBranch(
      .mixture(mixture), norm: try model.norm("blk.\(layer).ffn_norm_exps", sizes))
    experts.source = input
    let norm = try model.norm("blk.\(layer).ffn_norm", sizes)
    return [StepBranch(.dense(dense), norm: norm), experts]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("arctic", config)
    try header.commonKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    let step = max(1, try config.integer("moe_layer_frequency", default: 2))
    let hasNetwork = try config.flag("use_residual", "parallel_attn_mlp_res", default: true)
    config.ignore(
      "num_key_value_heads", "moe_train_capacity_factor", "enable_expert_tensor_parallelism")
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      header.attention()
      header.norm("ffn_norm")
      guard header.experts > 0, (layer + 1) % step == 0 else { return header.network() }
      if hasNetwork { header.network(header.width) }
      header.norm("ffn_norm_exps")
      header.mixture(header.feedForward)
    }
    try header.output(tied: false)
    return header
  }
}
