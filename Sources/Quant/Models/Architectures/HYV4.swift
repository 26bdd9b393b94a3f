// SPDX-License-Identifier: MIT
internal import GGUF

/// Hunyuan 4: several streams between layers; latent attention with sinks and gates, perhaps with an
/// indexer that chooses what it looks at; dense layers first, then mixtures with a network for all tokens
/// beside them.
enum HYV4: FileArchitecture {
  static let names = ["hy_v4"]

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let streams = try model.streams()
    let join = HyperConnection.Join.adding(
      magnitude: try model.number("hyper_connection.magnitude"))
    var carried = CarriedColumns()
    let isSparse = try model.integer("attention.indexer.top_k", default: 0) > 0
    let plan = isSparse ? try IndexerPlan(model, sizes, &carried) : nil
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.hyperLayer(
        layer, sizes, .attention(try attention(model, sizes, layer, plan)),
        try model.clampedNetwork(sizes, layer: layer, limitsAll: false), streams: streams, join)
    }
    var graph = try model.graph(sizes, tied: false, layers: layers)
    (graph.streams, graph.carried) = (streams, carried)
    graph.merge = .hyper(
      try model.hyperConnection("output_hc", streams: streams, width: sizes.width, .nothing))
    return graph
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ plan: IndexerPlan?
  ) throws(QuantError) -> AttentionGraph {
    let shape = try LatentShape(model, sizes, layer: layer)
    var attention = try model.latentAttention(sizes, layer: layer, shape)
    attention.rotation = try model.rotation(.neighbours, headSize: shape.shared)
    attention.sinks = try model.tensor("blk.\(layer).attn_sinks.weight", [shape.heads])
    attention.gate = AttentionGate(
      .linear(
        try model.linear(
          "blk.\(layer).attn_gate", sizes.width, shape.heads * shape.valueSize)))
    guard let plan else { return attention }
    attention.selection = try plan.selection(layer: layer) { () throws(QuantError) in
      try model.lightningIndexer(
        plan, sizes, layer: layer, rank: shape.queryRank, attention.rotation, rotatesLast: true,
        epsilon: sizes.epsilon)
    }
    return attention
  }
}
