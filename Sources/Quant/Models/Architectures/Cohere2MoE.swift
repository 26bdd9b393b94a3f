// SPDX-License-Identifier: MIT

/// Command with experts: attention and network side by side behind one norm. The first of every four
/// layers sees everything and does not rotate, unless it is dense; the others see a window.
enum Cohere2MoE: EvaluableArchitecture {
  static let names = ["cohere2moe"]
  private static let slidingPeriod = 4

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(slidingPeriod: slidingPeriod, firstIsFull: true)
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: slidingPeriod, firstIsFull: true)
  }

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    // The key of an epsilon tells the kind of all norms.
    let isPlain = try model.number("attention.layer_norm_rms_epsilon", default: 0) != 0
    let sizes = try ModelSizes(model, centered: !isPlain)
    let dense = try model.integer("leading_dense_block_count", default: 0)
    let windows = try model.windows(sizes, period: slidingPeriod, firstIsFull: true)
    let rotation = try model.rotation(.neighbours, headSize: sizes.keySize)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      // Layers that predict further tokens do, too.
      let rotates = windows.isWindowed[layer] || layer < dense || layer >= sizes.layers
      var attention = try model.attention(sizes, layer: layer, rotates ? rotation : nil)
      attention.window = windows[layer]
      return try model.parallelLayer(
        layer, sizes, attention,
        layer < dense
          ? StepBranch(try model.network(layer, sizes)) : try experts(model, sizes, layer))
    }
    return try CommandR.scaled(try model.graph(sizes, layers: layers), model)
  }

  /// Experts; with a network for all tokens beside them, the mean of both.
  private static func experts(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> StepBranch {
    let mixture = try model.sharingMixture(layer: layer, sizes, needsBias: false, count: 0)
    return StepBranch(.mixture(mixture), scale: mixture.shared == nil ? 1 : 0.5)
  }
}

// MARK: Configuration

extension Cohere2MoE {
  static let modelTypes = ["cohere2_moe"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("cohere2moe", config)
    try header.countLayersAhead()
    let inner = header.feedForward
    header.feedForward = try config.integer(
      "prefix_dense_intermediate_size", "dense_intermediate_size", default: inner)
    let dense = try header.leadingDenseLayers()
    let count = try config.integer("num_shared_experts", default: 0)
    try header.commonKeys()
    header.headKeys()
    header.key("feed_forward_length", header.feedForward)
    header.key("vocab_size", header.vocabulary)
    header.key("expert_feed_forward_length", inner)
    header.key("expert_gating_func", 2)
    header.key("leading_dense_block_count", dense)
    if count > 0 { header.key("expert_shared_feed_forward_length", count * inner) }
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    if let isSliding = header.slidingLayers() {
      header.key("attention.sliding_window_pattern", isSliding)
    }
    header.key("rope.dimension_count", header.keySize)
    config.ignore(
      "sliding_window_pattern", "prefix_dense_sliding_window_pattern", "token_choice_bias",
      "use_gated_activation", "use_parallel_block", "layer_switch")
    func addLayer(_ header: inout HeaderBuilder, sparse: Bool) {
      header.norm("attn_norm")
      header.attention()
      guard sparse else { return header.network() }
      header.mixture(inner)
      header.sharedNetwork(count * inner)
    }
    header.embedding()
    try header.eachLayer { header, layer in addLayer(&header, sparse: layer >= dense) }
    try header.eachLayerAhead { header, _ in
      addLayer(&header, sparse: true)
      header.aheadParts()
    }
    try header.output(tied: true)
    return header
  }
}
