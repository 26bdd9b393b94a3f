// SPDX-License-Identifier: MIT
internal import GGUF

/// dots.note: latent attention of two kinds, with a window and other sizes, or with an indexer; a gate for
/// each head; dense layers first, then mixtures with a network for all tokens beside them.
enum Dots3Note: FileArchitecture {
  static let names = ["dots3note"]

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let windowed = try windowedLayers(model, sizes)
    var carried = CarriedColumns()
    let plan = try IndexerPlan(model, sizes, &carried, chooses: windowed.map { !$0 })
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: windowed[layer]
          ? try windowedAttention(model, sizes, layer)
          : try sparseAttention(model, sizes, layer, plan),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        // Layers that predict further tokens are dense.
        feedForward: layer < sizes.layers
          ? try DeepSeek2.feedForward(model, sizes, layer, gating: .sigmoid)
          : try model.network(layer, sizes))
    }
    return try model.graph(sizes, layers: layers)
  }

  /// Which layers have windows: those without an indexer, and those that predict further tokens.
  private static func windowedLayers(
    _ model: ModelReader, _ sizes: ModelSizes
  ) throws(QuantError) -> [Bool] {
    let key = "attention.sliding_window_pattern"
    guard let flags = try model.layerFlags(key, sizes) else {
      throw .content(
        file: model.path, line: 0, what: "expected the key dots3note.\(key), found none")
    }
    let windowed = flags.enumerated().map { $0.offset >= sizes.layers || $0.element }
    let types = try model.layerFlags("attention.indexer.types", sizes)?.prefix(sizes.layers)
    guard types.map({ $0.elementsEqual(windowed.prefix(sizes.layers).map { !$0 }) }) ?? true else {
      throw .unsupported(
        "\(model.path): expected an indexer in every layer without a window and in no other, found"
          + " other dots3note.attention.indexer.types")
    }
    return windowed
  }

  private static func windowedAttention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    try model.requirePositive("rope.freq_base_swa")
    let shape = try LatentShape(model, sizes, layer: layer, suffix: "_swa")
    var attention = try attention(model, sizes, layer, shape)
    attention.window = .sliding(try model.integer("attention.sliding_window", in: 1...(1 << 28)))
    if let base = attention.rotation?.base {
      attention.rotation?.base = try model.number("rope.freq_base_swa", default: base)
    }
    return attention
  }

  private static func sparseAttention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ plan: IndexerPlan
  ) throws(QuantError) -> AttentionGraph {
    let shape = try LatentShape(model, sizes, layer: layer)
    var attention = try attention(model, sizes, layer, shape)
    attention.selection = try plan.selection(layer: layer) { () throws(QuantError) in
      var rotation = attention.rotation
      rotation?.pairing = .halves
      return try model.lightningIndexer(
        plan, sizes, layer: layer, rank: shape.queryRank, rotation, epsilon: 1e-6)
    }
    return attention
  }

  /// What both kinds have.
  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ shape: LatentShape
  ) throws(QuantError) -> AttentionGraph {
    var attention = try model.latentAttention(sizes, layer: layer, shape)
    if case .latent(var latent) = attention.input {
      latent.sharedNorm = try model.norm("blk.\(layer).attn_k_norm", shape.shared)
      attention.input = .latent(latent)
    }
    attention.rotation = try model.rotation(.neighbours, headSize: shape.shared)
    attention.gate = AttentionGate(
      .linear(try model.linear("blk.\(layer).attn_gate", sizes.width, shape.heads)))
    return attention
  }
}
