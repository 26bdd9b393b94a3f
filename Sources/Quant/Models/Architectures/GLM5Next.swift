// SPDX-License-Identifier: MIT
internal import GGUF

/// GLM 5.3: several streams between layers; Kimi's delta attention, and latent attention without rotation
/// that sees pools of keys which an indexer chose; dense layers first, then mixtures with a network for
/// all tokens beside them.
enum GLM5Next: FileArchitecture {
  static let names = ["glm5-next"]

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let (streams, join) = (try model.streams(), try model.mixingJoin())
    var carried = CarriedColumns()
    let plan = try indexers(model, sizes, &carried)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      // Layers that predict further tokens have one stream.
      try model.hyperLayer(
        layer, sizes, try mixer(model, sizes, layer, plan),
        try model.clampedNetwork(sizes, layer: layer, limitsAll: true),
        streams: layer < sizes.layers ? streams : nil, join)
    }
    var graph = try model.graph(sizes, tied: false, layers: layers)
    (graph.streams, graph.carried, graph.merge) = (streams, carried, .mean)
    return graph
  }

  /// Layers without key and value heads have delta attention.
  private static func mixer(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ plan: IndexerPlan?
  ) throws(QuantError) -> BlockGraph {
    guard sizes.keyValueHeads[layer] == 0, sizes.heads[layer] > 0 else {
      return .attention(try attention(model, sizes, layer, plan))
    }
    let bound = try model.number("kda.gate_lower_bound", default: 0)
    guard bound <= 0 else {
      throw .content(
        file: model.path, line: 0,
        what: "glm5-next.kda.gate_lower_bound: expected a negative number, found \(bound)")
    }
    var delta = try model.kimiDelta(sizes, layer: layer, bound: bound, isNegated: bound != 0)
    delta.keyEpsilon = 1e-6
    return .deltaNet(delta)
  }

  // MARK: - Pools of keys

  /// The indexers; `nil` where no layer attends.
  private static func indexers(
    _ model: ModelReader, _ sizes: ModelSizes, _ carried: inout CarriedColumns
  ) throws(QuantError) -> IndexerPlan? {
    let attends = sizes.keyValueHeads.map { $0 > 0 }
    guard attends.contains(true) else { return nil }
    let pool = try model.integer("attention.indexer.kpool", in: 2...(1 << 24))
    let count = try model.integer("attention.indexer.top_k", in: pool...(1 << 24))
    guard count % pool == 0 else {
      throw .content(
        file: model.path, line: 0,
        what: "glm5-next.attention.indexer.top_k: expected a multiple of \(pool), found \(count)")
    }
    guard try model.flag("attention.indexer.kpool_select_tail", default: true) else {
      throw .unsupported(
        "\(model.path): expected tokens that see the pool they are in, found the key"
          + " glm5-next.attention.indexer.kpool_select_tail that says they do not")
    }
    return try IndexerPlan(model, sizes, &carried, chooses: attends) {
      .pools($0 / pool, size: pool)
    }
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ plan: IndexerPlan?
  ) throws(QuantError) -> AttentionGraph {
    let shape = try LatentShape(model, sizes, layer: layer, leastShared: 0)
    var attention = try model.latentAttention(sizes, layer: layer, shape)
    guard let plan else { return attention }
    attention.selection = try plan.selection(layer: layer) { () throws(QuantError) in
      var indexer = try model.lightningIndexer(
        plan, sizes, layer: layer, rank: shape.queryRank, nil,
        epsilon: try model.number("attention.layer_norm_epsilon", default: 0))
      let name = "blk.\(layer).indexer_compressor"
      indexer.pooling = IndexPooling(
        gate: try model.linear("\(name)_gate", sizes.width, plan.size),
        places: try model.tensor("\(name)_ape.weight", [plan.size, plan.choice.size]))
      return indexer
    }
    return attention
  }
}
