// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels

/// Adds to all streams what the last few tokens choose together, over whole windows.
struct NGramPass {
  private let graph: NGramGraph
  private let context: ForwardContext
  private let convolution: ConvolutionPass
  private var streams: Int { context.layout.streams }
  private var width: Int { context.layout.width }

  init(_ graph: NGramGraph, in context: ForwardContext) throws(QuantError) {
    self.graph = graph
    self.context = context
    convolution = try ConvolutionPass(graph.convolution, in: context)
  }

  /// Changes the streams of some states.
  func run(_ states: Matrix) throws(QuantError) {
    let rows = try embeddings(states)
    let all = states.columns(0..<streams * width)
    let gated = try gatedValues(rows, all)
    let smooth = gated.copied()
    try norm(smooth, graph.valueNorm)
    let result = try convolved(smooth)
    try context.add(gated, times: 1, to: all)
    try context.add(result, times: 1, to: all)
  }

  /// The chosen rows of each token, side by side.
  private func embeddings(_ states: Matrix) throws(QuantError) -> Matrix {
    let column = context.layout.carried(graph.token, of: states)
    let (size, length) = (graph.table.rowWeights, context.windowLength)
    let rows = Matrix(rows: states.rows, columns: graph.key.inputs)
    let tokens = (0..<states.rows).map { Int(column[$0, 0]) }
    try context.workers.forEach(states.rows / length) { (window, _) throws(QuantError) in
      let text = Array(tokens[window * length..<(window + 1) * length])
      var reader = try TensorReader(model: context.model, tensor: graph.table)
      for place in text.indices {
        for (head, row) in graph.hash.rows(of: text, at: place).enumerated() {
          let target = rows.rows(window * length + place..<window * length + place + 1)
            .columns(head * size..<(head + 1) * size)
          try target.withMutableRow(0) { (span) throws(QuantError) in
            try reader.readRows(row..<row + 1, into: &span)
            try FiniteWeights.check(
              span.span, of: graph.table, from: row * size, file: context.model.path)
          }
        }
      }
    }
    return rows
  }

  /// The value of each token, times each stream's gate: sigmoid(±√|s|), s being the product of the stream
  /// and its key.
  private func gatedValues(_ rows: Matrix, _ all: Matrix) throws(QuantError) -> Matrix {
    let keys = Matrix(rows: rows.rows, columns: all.columns)
    try LinearProduct(graph.key, in: context).run(rows, into: keys)
    try norm(keys, graph.keyNorm)
    let queries = all.copied()
    try norm(queries, graph.queryNorm)
    let value = Matrix(rows: rows.rows, columns: width)
    try LinearProduct(graph.value, in: context).run(rows, into: value)
    let gated = keys
    let (width, streams) = (width, streams)
    try context.workers.forRanges(rows.rows, atLeast: 4) { (range, _) throws(QuantError) in
      for row in range {
        for stream in 0..<streams {
          let columns = stream * width..<(stream + 1) * width
          let product = columns.reduce(Float(0)) { $0 + keys[row, $1] * queries[row, $1] }
          let gate = Self.gate(product / Float(width).squareRoot())
          for column in columns {
            gated[row, column] = gate * value[row, column - columns.lowerBound]
          }
        }
      }
    }
    return gated
  }

  private static func gate(_ product: Float) -> Float {
    let root = max(abs(product), 1e-6).squareRoot()
    let signed = product < 0 ? -root : product > 0 ? root : 0
    return 1 / (1 + exponential(-signed))
  }

  /// Norms each stream by itself.
  private func norm(_ rows: Matrix, _ factors: TensorInfo) throws(QuantError) {
    let weight: [Float] = try context.vector(factors)
    try context.normalizeGroups(rows, size: width, weight: weight, epsilon: context.epsilon)
  }

  /// The convolution over every n-th token: the tokens between are other texts to it.
  private func convolved(_ x: Matrix) throws(QuantError) -> Matrix {
    let (length, distance) = (context.windowLength, graph.distance)
    let y = Matrix(rows: x.rows, columns: x.columns)
    for start in stride(from: 0, to: x.rows, by: length) {
      for first in 0..<min(distance, length) {
        let places = Array(stride(from: start + first, to: start + length, by: distance))
        let (part, result) = (
          Matrix(rows: places.count, columns: x.columns),
          Matrix(rows: places.count, columns: x.columns)
        )
        for (row, place) in places.enumerated() {
          part.rows(row..<row + 1).copy(from: x.rows(place..<place + 1))
        }
        try convolution.run(part, length: places.count, hasSilu: true, into: result)
        for (row, place) in places.enumerated() {
          y.rows(place..<place + 1).copy(from: result.rows(row..<row + 1))
        }
      }
    }
    return y
  }
}
