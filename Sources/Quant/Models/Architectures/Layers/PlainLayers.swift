// SPDX-License-Identifier: MIT
internal import GGUF

/// How the layers of one architecture differ from Llama's, where all layers are alike: attention and a
/// dense network, each added to what came in.
struct LayerStyle {
  /// Which numbers are rotated together; `nil` if nothing is rotated.
  var pairing: Rotation.Pairing?
  /// If not zero, scores fall with distance, by slopes that begin with this power of two (ALiBi).
  var slopeBias: Float = 0
  /// What stands between the products of the network.
  var activation = Activation.silu
  /// Whether the network may have no gate.
  var isPlain = false
  /// Whether the file may lack an output matrix, which then is the embedding.
  var isTied = true

  /// Describes a style.
  init(
    _ pairing: Rotation.Pairing?, slopeBias: Float = 0, _ activation: Activation = .silu,
    isPlain: Bool = false, isTied: Bool = true
  ) {
    self.pairing = pairing
    self.slopeBias = slopeBias
    self.activation = activation
    self.isPlain = isPlain
    self.isTied = isTied
  }
}

extension ModelReader {
  /// Attention in a style.
  func attention(
    _ sizes: ModelSizes, layer: Int, _ style: LayerStyle
  ) throws(QuantError) -> AttentionGraph {
    var attention = try attention(sizes, layer: layer, style.pairing ?? .neighbours)
    if style.pairing == nil { attention.rotation = nil }
    attention.slopeBias = max(0, style.slopeBias)
    return attention
  }

  /// A dense network in a style.
  func dense(
    _ sizes: ModelSizes, layer: Int, _ style: LayerStyle
  ) throws(QuantError) -> DenseGraph {
    try dense(
      layer: layer, sizes, width: sizes.feedForward[layer], style.activation, plain: style.isPlain)
  }

  /// A layer of two steps, each with a norm before it.
  ///
  /// - Parameters:
  ///   - sizes: The model's.
  ///   - layer: Which layer.
  ///   - style: How it differs from Llama's.
  ///   - change: Changes its attention and its network.
  /// - Returns: The layer.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func layer(
    _ sizes: ModelSizes, _ layer: Int, _ style: LayerStyle,
    change: (inout AttentionGraph, inout DenseGraph) throws(QuantError) -> Void = { _, _ in }
  ) throws(QuantError) -> LayerGraph {
    var attention = try attention(sizes, layer: layer, style)
    var dense = try dense(sizes, layer: layer, style)
    try change(&attention, &dense)
    return LayerGraph(
      attentionNorm: try norm("blk.\(layer).attn_norm", sizes), attention: attention,
      feedForwardNorm: try norm("blk.\(layer).ffn_norm", sizes), feedForward: .dense(dense))
  }

  /// A model of such layers.
  func plainGraph(_ style: LayerStyle, centered: Bool = false) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(self, centered: centered)
    let layers = try layers(sizes) { (layer) throws(QuantError) in
      try self.layer(sizes, layer, style)
    }
    return try graph(sizes, tied: style.isTied, layers: layers)
  }

  /// A layer of one step: attention and network side by side.
  ///
  /// - Parameters:
  ///   - sizes: The model's.
  ///   - layer: Which layer.
  ///   - style: How it differs from Llama's.
  ///   - norm: The name of the norm of attention's input.
  ///   - networkNorm: The name of that of the network's, if it is another one.
  ///   - change: Changes its attention.
  /// - Returns: The layer.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func parallelLayer(
    _ sizes: ModelSizes, _ layer: Int, _ style: LayerStyle, norm: String = "attn_norm",
    networkNorm: String? = nil,
    change: (inout AttentionGraph) throws(QuantError) -> Void = { _ in }
  ) throws(QuantError) -> LayerGraph {
    var attention = try attention(sizes, layer: layer, style)
    try change(&attention)
    let dense = try dense(sizes, layer: layer, style)
    var network = StepBranch(.dense(dense))
    if let networkNorm { network.norm = try self.norm("blk.\(layer).\(networkNorm)", sizes) }
    return LayerGraph(steps: [
      LayerStep(
        norm: try self.norm("blk.\(layer).\(norm)", sizes),
        branches: [StepBranch(.attention(attention)), network])
    ])
  }

  /// Learned positions: a row for each of the context.
  func positions(_ sizes: ModelSizes) throws(QuantError) -> TensorInfo {
    try tensor("position_embd.weight", [sizes.width, try integer("context_length")])
  }

  /// Norms of each query and key head with factors for each of them, if the file has them.
  func normsOfEachHead(
    _ attention: inout AttentionGraph, layer: Int, centered: Bool
  ) throws(QuantError) {
    for (name, heads, path) in [
      ("q", attention.heads, \AttentionGraph.queryNorm),
      ("k", attention.keyValueHeads, \AttentionGraph.keyNorm),
    ] {
      let tensor = "blk.\(layer).attn_\(name)_norm"
      guard
        let weight = try optional("\(tensor).weight", [attention.keySize, heads])
      else { continue }
      let bias = try optional("\(tensor).bias", [attention.keySize, heads])
      attention[keyPath: path] = .eachHead(
        Norm(weight: weight, bias: bias, isCentered: centered))
    }
  }
}
