// SPDX-License-Identifier: MIT
internal import GGUF

extension Gemma4 {
  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    let sharing = try model.integer("attention.shared_kv_layers", default: 0, in: 0...65_535)
    let perLayer = try model.integer("embedding_length_per_layer_input", default: 0)
    var rules: [LayerRule] = []
    if sharing > 0 {
      rules.append(
        LayerRule("the sharing of keys and values") { layer, count in
          min(max(0, layer - (count - sharing - 3)), 3)
        })
    }
    if perLayer > 0 { rules.append(LayerRule("the input of each layer") { layer, _ in layer }) }
    return rules
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    var graph = try model.graph(sizes, layers: [])
    let width = try model.integer("embedding_length_per_layer_input", in: 0...65_535)
    let perLayer =
      width == 0 ? nil : try PerLayerEmbedding(model, sizes, width: width, keptIn: &graph)
    let kinds = try LayerKinds(model, sizes)
    let sharing = try model.integer("attention.shared_kv_layers", default: 0, in: 0...sizes.layers)
    let shared = try SharedKeys(
      model, sizes, first: sizes.layers - sharing, isWindowed: kinds.isWindowed,
      keySizes: (0..<sizes.layers).map { kinds.sizes(of: $0, sizes).keySize }, keptIn: &graph)
    graph.layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var steps = [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes.width),
          .attention(try attention(model, sizes, layer, kinds, shared)),
          postNorm: try model.norm("blk.\(layer).post_attention_norm", sizes.width)),
        try network(model, sizes, layer),
      ]
      if let perLayer { steps.append(try perLayer.step(model, sizes, layer: layer)) }
      var graph = LayerGraph(steps: steps)
      graph.outputFactor = try model.optional("blk.\(layer).layer_output_scale.weight", [1])
      return graph
    }
    graph.embeddingScale = Float(sizes.width).squareRoot()
    graph.logitCap = try model.number("final_logit_softcapping", default: 30)
    return graph
  }

  // MARK: Attention

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ kinds: LayerKinds,
    _ shared: SharedKeys
  ) throws(QuantError) -> AttentionGraph {
    let own = kinds.sizes(of: layer, sizes)
    let source = shared.source(of: layer)
    var attention = AttentionGraph(
      input: try input(model, own, layer, shared.slots(of: source)), heads: own.heads[layer],
      keyValueHeads: own.keyValueHeads[source ?? layer], keySize: own.keySize,
      valueSize: own.valueSize, rotation: try kinds.rotation(model, layer, own), scale: 1,
      output: try model.linear(
        "blk.\(layer).attn_output", own.heads[layer] * own.valueSize, own.width))
    attention.queryNorm = .perHead(try model.norm("blk.\(layer).attn_q_norm", own.keySize))
    if source == nil {
      attention.keyNorm = .perHead(try model.norm("blk.\(layer).attn_k_norm", own.keySize))
      attention.valueNorm = .perHead(Norm(weight: nil, bias: nil))
      attention.keeps = shared.slots(of: layer)
    }
    if kinds.isWindowed[layer] { attention.window = .sliding(kinds.window) }
    return attention
  }

  private static func input(
    _ model: ModelReader, _ own: ModelSizes, _ layer: Int, _ kept: KeptKeys?
  ) throws(QuantError) -> AttentionInput {
    let prefix = "blk.\(layer).attn_"
    let hasValues = ["v", "qkv"].contains { model.source.contains("\(prefix)\($0).weight") }
    if kept == nil, hasValues { return try model.attentionInput(own, layer: layer) }
    let query = try model.linear("\(prefix)q", own.width, own.heads[layer] * own.keySize)
    if let kept { return .shared(query: query, kept) }
    return .keysAsValues(
      query: query,
      key: try model.linear("\(prefix)k", own.width, own.keyValueHeads[layer] * own.keySize))
  }

  // MARK: Networks

  /// The dense network; or, beside it, experts that have norms of their own, as it then has.
  private static func network(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> LayerStep {
    let prefix = "blk.\(layer)."
    var dense = StepBranch(
      .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer], .gelu)),
      norm: try model.norm("\(prefix)ffn_norm", sizes.width))
    var branches: [StepBranch] = []
    if model.source.contains("\(prefix)ffn_gate_inp.weight") {
      dense.postNorm = try model.norm("\(prefix)post_ffw_norm_1", sizes.width)
      branches = [
        StepBranch(
          .mixture(try mixture(model, sizes, layer)),
          norm: try model.norm("\(prefix)pre_ffw_norm_2", sizes.width),
          postNorm: try model.norm("\(prefix)post_ffw_norm_2", sizes.width))
      ]
    }
    return LayerStep(
      norm: nil, branches: [dense] + branches,
      postNorm: try model.norm("\(prefix)post_ffw_norm", sizes.width))
  }

  /// Experts, whose router looks at the step's input by a norm of its own.
  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> MixtureGraph {
    let name = "blk.\(layer).ffn_gate_inp"
    // Its scale is one of each input, not one of the product.
    let router = Linear(
      tensor: try model.tensor("\(name).weight", [sizes.width, sizes.experts]),
      outputs: sizes.experts)
    var mixture = try model.mixture(
      layer: layer, sizes, width: try model.integer("expert_feed_forward_length"),
      activation: .gelu, router: router)
    mixture.routerInput = RouterInput(
      norm: Norm(weight: try model.tensor("\(name).scale", [sizes.width]), bias: nil),
      scale: 1 / Float(sizes.width).squareRoot())
    return mixture
  }
}

/// Which layers have windows, and what differs in them.
private struct LayerKinds {
  let window: Int
  let isWindowed: [Bool]
  private let windowedSize: Int
  private let windowedBase: Float

  init(_ model: ModelReader, _ sizes: ModelSizes) throws(QuantError) {
    window = try model.integer("attention.sliding_window", in: 1...(1 << 28))
    isWindowed = try model.windowedLayers(sizes, pattern: 1)
    windowedSize = try model.integer("attention.key_length_swa", in: 1...65_535)
    windowedBase = try model.number("rope.freq_base_swa", default: 10_000)
    let values = try model.integer("attention.value_length_swa", in: 1...65_535)
    guard values == windowedSize, sizes.valueSize == sizes.keySize, windowedBase > 0 else {
      throw .unsupported(
        "\(model.path): expected values as long as keys and a positive rope.freq_base_swa, found"
          + " \(sizes.valueSize) and \(sizes.keySize), in windows \(values) and \(windowedSize),"
          + " and \(windowedBase)")
    }
  }

  /// The model's sizes as they are in a layer.
  func sizes(of layer: Int, _ sizes: ModelSizes) -> ModelSizes {
    guard isWindowed[layer] else { return sizes }
    var own = sizes
    (own.keySize, own.valueSize) = (windowedSize, windowedSize)
    return own
  }

  /// The rotation of a layer: plain in windows.
  func rotation(
    _ model: ModelReader, _ layer: Int, _ own: ModelSizes
  ) throws(QuantError) -> Rotation {
    guard isWindowed[layer] else { return try model.rotation(.halves, headSize: own.keySize) }
    let dimensions = try model.integer(
      "rope.dimension_count_swa", default: windowedSize, in: 0...windowedSize)
    return Rotation(
      pairing: .halves, dimensions: dimensions / 2 * 2, base: windowedBase,
      magnitude: try model.number("rope.scaling.attn_factor", default: 1))
  }
}
