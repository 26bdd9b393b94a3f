// SPDX-License-Identifier: MIT
internal import GGUF

extension BERT {
  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    switch model.architecture {
    case "modern-bert": try modern(model)
    case "neo-bert":
      try later(model, .neighbours, outputNorm: "enc.output_norm")
    case "eurobert": try later(model, .halves, outputNorm: "output_norm")
    default: try first(model)
    }
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    model.architecture == "modern-bert"
      ? try model.windowRules(period: windowPeriod, firstIsFull: true) : []
  }

  // MARK: BERT, and those that norm behind each sum as it does

  private static func first(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      let prefix = "blk.\(layer)."
      var mixer = LayerStep(norm: nil, .attention(try attention(model, sizes, layer)))
      mixer.outputNorm = try model.norm("\(prefix)attn_output_norm", sizes)
      mixer.secondOutputNorm = try model.optionalNorm(
        "\(prefix)attn_norm_2", sizes.width, centered: true)
      var network = LayerStep(norm: nil, try network(model, sizes, layer))
      network.outputNorm = try model.norm("\(prefix)layer_output_norm", sizes)
      return LayerGraph(steps: [mixer, network])
    }
    var graph = model.encoder(sizes, layers: layers, outputNorm: nil)
    graph.start.types = try model.rows("token_types.weight", sizes)
    graph.start.norm = try model.norm("token_embd_norm", sizes)
    if model.architecture == "bert" {
      graph.start.positions = try model.tensor(
        "position_embd.weight",
        [sizes.width, try model.integer("context_length", in: 1...(1 << 24))])
    }
    return graph
  }

  /// Positions are learned, slopes, or rotation.
  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    let isRotated = !["bert", "jina-bert-v2"].contains(model.architecture)
    var attention = try model.attentionBothWays(sizes, layer: layer, isRotated ? .halves : nil)
    if model.architecture == "jina-bert-v2" { attention.slopeBias = 8 }
    let prefix = "blk.\(layer).attn_"
    attention.queryNorm = try model.optionalNorm(
      "\(prefix)q_norm", attention.heads * attention.keySize, centered: true
    ).map(HeadNorm.whole)
    attention.keyNorm = try model.optionalNorm(
      "\(prefix)k_norm", attention.keyValueHeads * attention.keySize, centered: true
    ).map(HeadNorm.whole)
    return attention
  }

  private static func network(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    let width = sizes.feedForward[layer]
    let period = try model.integer("moe_every_n_layers", default: 0)
    if period > 0, layer % period == 1 {
      return .mixture(
        try model.mixture(
          layer: layer, sizes, width: width, normalizes: false, activation: .gelu, plain: true))
    }
    guard model.architecture == "nomic-bert" else {
      return .dense(try model.dense(layer: layer, sizes, width: width, .gelu, plain: true))
    }
    return .dense(try model.dense(layer: layer, sizes, width: width))
  }

  // MARK: Those that norm before each block

  /// NeoBERT and EuroBERT.
  private static func later(
    _ model: ModelReader, _ pairing: Rotation.Pairing, outputNorm: String
  ) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes),
        attention: try model.attentionBothWays(sizes, layer: layer, pairing),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes),
        feedForward: .dense(
          try model.dense(layer: layer, sizes, width: sizes.feedForward[layer])))
    }
    return model.encoder(
      sizes, layers: layers, outputNorm: try model.norm(outputNorm, sizes))
  }

  /// The first of so many layers sees everything, the others a window.
  private static let windowPeriod = 3

  private static func modern(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let activation = try activation(model)
    let windows = try Windows(model, sizes)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attentionBothWays(sizes, layer: layer, .halves)
      if windows.isWindowed[layer] { windows.apply(to: &attention) }
      let norm = "blk.\(layer).attn_norm"
      return LayerGraph(
        attentionNorm: layer == 0
          ? try model.optionalNorm(norm, sizes.width, centered: true)
          : try model.norm(norm, sizes),
        attention: attention, feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes),
        feedForward: .dense(
          try model.dense(layer: layer, sizes, width: sizes.feedForward[layer], activation)))
    }
    var graph = model.encoder(
      sizes, layers: layers, outputNorm: try model.norm("output_norm", sizes))
    graph.start.norm = try model.norm("token_embd_norm", sizes)
    return graph
  }

  private static func activation(_ model: ModelReader) throws(QuantError) -> Activation {
    switch model.text("hidden_act") {
    case nil, "gelu": .gelu
    case "silu": .silu
    case let name?:
      throw .unsupported(
        "\(model.path): \(model.architecture).hidden_act: expected \"gelu\" or \"silu\", found"
          + " \"\(name)\"")
    }
  }

  /// Which layers have windows, and what differs in them.
  private struct Windows {
    let isWindowed: [Bool]
    private let size: Int
    private let base: Float

    init(_ model: ModelReader, _ sizes: ModelSizes) throws(QuantError) {
      size = try model.integer("attention.sliding_window", default: 0)
      base = try model.number("rope.freq_base_swa", default: 10_000)
      guard base > 0 else {
        throw .unsupported(
          "\(model.path): \(model.architecture).rope.freq_base_swa: expected a positive number,"
            + " found \(base)")
      }
      let key = "attention.sliding_window_pattern"
      guard size > 0 else {
        isWindowed = Array(repeating: false, count: sizes.layers)
        return
      }
      if model.value(key)?.elements != nil {
        isWindowed = try model.windowedLayers(sizes, pattern: windowPeriod)
        return
      }
      let period = try model.integer(key, default: windowPeriod)
      isWindowed = (0..<sizes.layers).map { period == 0 || $0 % period != 0 }
    }

    func apply(to attention: inout AttentionGraph) {
      attention.window = .symmetric(size)
      attention.rotation?.base = base
      attention.rotation?.scaling = .linear(1)
    }
  }
}
