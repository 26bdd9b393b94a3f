// SPDX-License-Identifier: MIT
internal import GGUF
package import QuantModels

/// One layer over all rows of a segment, in place.
package struct LayerPass {
  package let context: ForwardContext
  package let graph: LayerGraph
  package let layer: Int
  /// The positions of every window.
  package let positions: Range<Int>
  /// Rows worked on at once: whole windows.
  package let chunk: Int

  /// Prepares a pass.
  package init(
    context: ForwardContext, graph: LayerGraph, layer: Int, positions: Range<Int>, chunk: Int
  ) {
    self.context = context
    self.graph = graph
    self.layer = layer
    self.positions = positions
    self.chunk = chunk
  }

  /// Numbers that a row needs for as long as a layer is worked on.
  static func segmentColumns(_ graph: LayerGraph, width: Int) -> Int {
    if case .mixture = graph.feedForward { width } else { 0 }
  }

  /// Numbers that a row of a chunk needs.
  static func chunkColumns(_ graph: LayerGraph, width: Int) -> Int {
    let attention = AttentionPass.scratchColumns(graph.attention)
    let feedForward =
      switch graph.feedForward {
      case .dense(let dense): FeedForwardPass.scratchColumns(dense)
      case .mixture(let mixture):
        2 * max(mixture.experts.width, mixture.shared?.width ?? 0) + width
      }
    return 2 * width + max(attention, feedForward)
  }

  /// Adds attention and feed-forward network to `x`.
  package func run(_ x: Matrix) throws(QuantError) {
    try runAttention(x)
    try runFeedForward(x)
  }

  /// Adds attention to `x`.
  func runAttention(_ x: Matrix) throws(QuantError) {
    let attention = try AttentionPass(graph.attention, positions: positions, in: context)
    try inChunks(x) { (rows, h, y) throws(QuantError) in
      try context.normalize(rows, by: graph.attentionNorm, into: h)
      try attention.run(h, into: y)
      if let norm = graph.attentionPostNorm { try context.normalize(y, by: norm, into: y) }
      try context.add(y, times: graph.residualScale, to: rows)
    }
  }

  /// Adds the feed-forward network to `x`.
  package func runFeedForward(_ x: Matrix) throws(QuantError) {
    switch graph.feedForward {
    case .dense(let dense): try run(dense, x)
    case .mixture(let mixture): try run(mixture, x)
    }
  }

  private func run(_ dense: DenseGraph, _ x: Matrix) throws(QuantError) {
    let pass = FeedForwardPass(context: context, graph: dense)
    try inChunks(x) { (rows, h, y) throws(QuantError) in
      try context.normalize(rows, by: graph.feedForwardNorm, into: h)
      try pass.run(h, into: y)
      if let norm = graph.feedForwardPostNorm { try context.normalize(y, by: norm, into: y) }
      try context.add(y, times: graph.residualScale, to: rows)
    }
  }

  /// Experts see all rows of the segment at once, so that each is decoded as seldom as can be.
  private func run(_ mixture: MixtureGraph, _ x: Matrix) throws(QuantError) {
    let h = Matrix(rows: x.rows, columns: x.columns)
    try context.normalize(x, by: graph.feedForwardNorm, into: h)
    let pass = ExpertLayerPass(context: context, graph: mixture, layer: layer, chunk: chunk)
    guard let norm = graph.feedForwardPostNorm else {
      return try pass.run(h, addingTo: x, scale: graph.residualScale)
    }
    let y = Matrix(rows: x.rows, columns: x.columns)
    y.clear()
    try pass.run(h, addingTo: y, scale: 1)
    try context.normalize(y, by: norm, into: y)
    try context.add(y, times: graph.residualScale, to: x)
  }

  /// Calls a body with part after part of the rows, and memory for as many.
  private func inChunks(
    _ x: Matrix, _ body: (Matrix, Matrix, Matrix) throws(QuantError) -> Void
  ) throws(QuantError) {
    let h = Matrix(rows: min(chunk, x.rows), columns: x.columns)
    let y = Matrix(rows: min(chunk, x.rows), columns: x.columns)
    for start in stride(from: 0, to: x.rows, by: chunk) {
      let rows = start..<min(start + chunk, x.rows)
      try body(x.rows(rows), h.rows(0..<rows.count), y.rows(0..<rows.count))
    }
  }
}
