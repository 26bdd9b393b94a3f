// SPDX-License-Identifier: MIT

/// What the steps of per-layer embeddings share, and where states keep what they read.
struct PerLayerEmbedding {
  /// Numbers of a layer's input.
  let width: Int
  private let input: PerLayerInput

  /// Reads it.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - sizes: The model's.
  ///   - width: Numbers of a layer's input.
  ///   - graph: Keeps each token's number and the states that the first layer takes.
  /// - Throws: `QuantError` for tensors that are missing or do not fit.
  init(
    _ model: ModelReader, _ sizes: ModelSizes, width: Int, keptIn graph: inout ModelGraph
  ) throws(QuantError) {
    self.width = width
    let all = width * (try model.integer("block_count", in: 1...65_535))
    let rows = try model.tensor("per_layer_token_embd.weight", [all, sizes.vocabulary])
    var product = try model.linear("per_layer_model_proj", sizes.width, all)
    guard product.bias == nil, product.factor == nil else {
      throw .unsupported("\(model.path): expected per_layer_model_proj without bias and scale")
    }
    product.outputs = width
    let norm = try model.norm("per_layer_proj_norm", width)
    let start = graph.start.copy ?? graph.carried.slot(sizes.width)
    graph.start.copy = start
    input = PerLayerInput(
      part: 0, token: graph.carried.tokenSlot(), rows: rows, rowScale: Float(width).squareRoot(),
      start: start, product: product, productScale: 1 / Float(sizes.width).squareRoot(),
      norm: norm, sumScale: Float(0.5).squareRoot())
  }

  /// The step of a layer that adds what it gets.
  func step(
    _ model: ModelReader, _ sizes: ModelSizes, layer: Int
  ) throws(QuantError) -> LayerStep {
    let prefix = "blk.\(layer)."
    var input = input
    input.part = layer
    let graph = PerLayerGraph(
      gate: try model.linear("\(prefix)inp_gate", sizes.width, width), input: input,
      output: try model.linear("\(prefix)proj", width, sizes.width))
    return LayerStep(
      norm: nil, .perLayer(graph), postNorm: try model.norm("\(prefix)post_norm", sizes.width))
  }
}
