// SPDX-License-Identifier: MIT

/// DeepSeek V3.2 and GLM-5: DeepSeek V3 with an indexer that chooses what attention looks at.
enum DeepSeek32: EvaluableArchitecture {
  static let names = ["deepseek32", "glm-dsa"]
  static let modelTypes = ["deepseek_v32", "glm_moe_dsa"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    guard !model.has(typesKey), try hasPattern(model) else { return [] }
    return [LayerRule("the indexer", listKey: typesKey) { layer, _ in ownsIndexer(layer) ? 1 : 0 }]
  }

  private static let typesKey = "attention.indexer.types"

  /// Whether some layers see what earlier ones chose though the file does not say which: GLM 5.2 is known
  /// by its context.
  private static func hasPattern(_ model: some KeyReading) throws(QuantError) -> Bool {
    let context = try model.integer("context_length", default: 0)
    return model.architecture == names[1] && context >= 1 << 20
  }

  private static func ownsIndexer(_ layer: Int) -> Bool { layer < 2 || (layer - 2) % 4 == 0 }

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    var carried = CarriedColumns()
    let plan = try IndexerPlan(
      model, sizes, &carried,
      owns: hasPattern(model) ? (0..<sizes.described).map(ownsIndexer) : nil)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try attention(model, sizes, layer, plan),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: try DeepSeek2.feedForward(model, sizes, layer, gating: .sigmoid))
    }
    var graph = try model.graph(sizes, layers: layers)
    graph.carried = carried
    return graph
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ plan: IndexerPlan
  ) throws(QuantError) -> AttentionGraph {
    let isGLM = model.architecture == names[1]
    let shape = try LatentShape(model, sizes, layer: layer)
    var attention = try model.latentAttention(sizes, layer: layer, shape)
    // The reference does not read the multiplier of GLM's files.
    let multiplier = try model.number("rope.scaling.yarn_log_multiplier", default: 0)
    try model.scaleLatent(&attention, shape, multiplier: isGLM ? 0 : multiplier)
    attention.selection = try plan.selection(layer: layer) { () throws(QuantError) in
      var rotation = attention.rotation
      if !isGLM { rotation?.pairing = .halves }
      return try model.lightningIndexer(
        plan, sizes, layer: layer, rank: shape.queryRank, rotation, epsilon: isGLM ? 0 : 1e-6)
    }
    return attention
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isGLM = config.modelType == "glm_moe_dsa"
    var header = try HeaderBuilder(isGLM ? names[1] : names[0], config)
    try header.countLayersAhead()
    let sizes = try LatentSizes(config)
    try DeepSeek2.keys(&header, sizes)
    try header.indexerKeys()
    // Layers that share an indexer's choice have none of their own.
    let types = config.texts("indexer_types")
    config.ignore("layer_types")
    let isFull = types.map { $0.map { $0 == "full" } }
    if let isFull { header.key("attention.indexer.types", isFull) }
    try DeepSeek2.layers(&header, choiceBias: true) { (header, layer) throws(QuantError) in
      if isFull.map({ layer >= $0.count || $0[layer] }) ?? true { try header.indexer(sizes) }
    }
    try header.output(tied: false)
    return header
  }
}
