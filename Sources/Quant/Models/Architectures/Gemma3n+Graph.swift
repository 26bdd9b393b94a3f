// SPDX-License-Identifier: MIT

extension Gemma3n {
  // What no key says: all published models have these, and the reference knows no others.
  private static let streams = 4
  private static let rank = 64
  private static let perLayerWidth = 256
  private static let firstSharing = 20
  private static let sparseLayers = 10
  static let slidingPeriod = 5
  private static let logitCap: Float = 30
  /// Standard deviations above which one number of twenty lies.
  private static let sparsity: Float = 1.6448533

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    var graph = try model.graph(sizes, layers: [])
    graph.streams = streams
    graph.start.streams = .projected(try projections("altup_proj", model, sizes))
    graph.merge = .projectedMean(try projections("altup_unembd_proj", model, sizes))
    let kept = Kept(
      windows: try Windows(model, sizes), predicted: graph.carried.slot(sizes.width),
      perLayer: try PerLayerEmbedding(model, sizes, width: perLayerWidth, keptIn: &graph),
      shared: try SharedKeys(
        model, sizes, first: firstSharing,
        isWindowed: try model.windowedLayers(sizes, pattern: slidingPeriod),
        keySizes: Array(repeating: sizes.keySize, count: sizes.layers), keptIn: &graph))
    graph.layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try self.layer(layer, model, sizes, kept)
    }
    graph.embeddingScale = Float(sizes.width).squareRoot()
    graph.logitCap = logitCap
    return graph
  }

  /// One matrix for each stream but the first.
  private static func projections(
    _ name: String, _ model: ModelReader, _ sizes: ModelSizes
  ) throws(QuantError) -> Linear {
    Linear(
      tensor: try model.tensor("\(name).weight", [sizes.width, sizes.width, streams - 1]),
      outputs: sizes.width)
  }

  /// What layers share.
  private struct Kept {
    let windows: Windows
    let predicted: CarriedSlot
    let perLayer: PerLayerEmbedding
    let shared: SharedKeys
  }

  private static func layer(
    _ layer: Int, _ model: ModelReader, _ sizes: ModelSizes, _ kept: Kept
  ) throws(QuantError) -> LayerGraph {
    let prefix = "blk.\(layer)."
    let router = StreamRouter(
      norm: try model.norm("\(prefix)altup_router_norm", sizes.width),
      scale: 1 / Float(sizes.width),
      linear: try model.linear("\(prefix)altup_router", sizes.width, streams))
    var network = try network(model, sizes, layer)
    network.connection = .correcting(
      StreamCorrection(
        router: router,
        coefficients: try model.linear("\(prefix)altup_correct_coef", streams, streams),
        predicted: kept.predicted))
    var own = try kept.perLayer.step(model, sizes, layer: layer)
    own.connection = .others(
      factors: try model.tensor("\(prefix)altup_correct_scale.weight", [sizes.width]))
    var graph = LayerGraph(
      steps: [try mixer(model, sizes, layer, kept), network, own], inputCopy: kept.predicted)
    graph.prediction = StreamPrediction(
      router: router,
      coefficients: try model.linear(
        "\(prefix)altup_predict_coef", streams, streams * streams))
    return graph
  }

  /// Attention, and beside it a product through a narrow vector.
  private static func mixer(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ kept: Kept
  ) throws(QuantError) -> LayerStep {
    let prefix = "blk.\(layer)."
    let lowRank = LowRankGraph(
      down: try model.linear("\(prefix)laurel_l", sizes.width, rank),
      up: try model.linear("\(prefix)laurel_r", rank, sizes.width),
      norm: try model.norm("\(prefix)laurel_post_norm", sizes.width))
    var step = LayerStep(
      norm: try model.norm("\(prefix)attn_norm", sizes.width),
      branches: [
        StepBranch(
          .attention(try attention(model, sizes, layer, kept)),
          postNorm: try model.norm("\(prefix)post_attention_norm", sizes.width)),
        StepBranch(.lowRank(lowRank)),
      ])
    step.sumScale = Float(0.5).squareRoot()
    return step
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ kept: Kept
  ) throws(QuantError) -> AttentionGraph {
    let source = kept.shared.source(of: layer)
    var attention = try attention(model, sizes, layer, kept.shared.slots(of: source))
    attention.scale = 1
    attention.queryNorm = .perHead(try model.norm("blk.\(layer).attn_q_norm", sizes.keySize))
    if let source {
      attention.keyValueHeads = sizes.keyValueHeads[source]
    } else {
      attention.keyNorm = .perHead(try model.norm("blk.\(layer).attn_k_norm", sizes.keySize))
      attention.valueNorm = .perHead(Norm(weight: nil, bias: nil))
      attention.keeps = kept.shared.slots(of: layer)
    }
    guard kept.windows.isWindowed[layer] else { return attention }
    attention.window = .sliding(kept.windows.size)
    attention.rotation?.base = kept.windows.base
    attention.rotation?.scaling = .linear(1)
    attention.rotation?.magnitude = try model.number("rope.scaling.attn_factor", default: 1)
    return attention
  }

  /// With keys and values of its own, or with those that were kept.
  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ kept: KeptKeys?
  ) throws(QuantError) -> AttentionGraph {
    guard let kept else { return try model.attention(sizes, layer: layer, .halves) }
    let heads = sizes.heads[layer]
    return AttentionGraph(
      input: .shared(
        query: try model.linear("blk.\(layer).attn_q", sizes.width, heads * sizes.keySize), kept),
      heads: heads, keyValueHeads: 1, keySize: sizes.keySize, valueSize: sizes.valueSize,
      rotation: try model.rotation(.halves, headSize: sizes.keySize), scale: 1,
      output: try model.linear(
        "blk.\(layer).attn_output", heads * sizes.valueSize, sizes.width))
  }

  private static func network(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> LayerStep {
    let prefix = "blk.\(layer)."
    var dense = try model.dense(layer: layer, sizes, width: sizes.feedForward[layer], .gelu)
    if layer < sparseLayers { dense.sparsity = sparsity }
    return LayerStep(
      norm: try model.norm("\(prefix)ffn_norm", sizes.width), .dense(dense),
      postNorm: try model.norm("\(prefix)post_ffw_norm", sizes.width))
  }

  /// Which layers have windows, and what differs in them.
  private struct Windows {
    let size: Int
    let isWindowed: [Bool]
    let base: Float

    init(_ model: ModelReader, _ sizes: ModelSizes) throws(QuantError) {
      size = try model.integer("attention.sliding_window", in: 1...(1 << 28))
      isWindowed = try model.windowedLayers(sizes, pattern: slidingPeriod)
      base = try model.number("rope.freq_base_swa", default: 10_000)
      guard base > 0, sizes.keySize == sizes.valueSize else {
        throw .unsupported(
          "\(model.path): expected a positive rope.freq_base_swa and values as long as keys, found"
            + " \(base), and \(sizes.valueSize) and \(sizes.keySize)")
      }
    }
  }
}
