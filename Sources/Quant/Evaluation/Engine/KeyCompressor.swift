// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Makes one key of each whole block of tokens of a window.
struct KeyCompressor {
  private let graph: KeyCompression
  private let context: ForwardContext
  private let table: RotationTable
  /// Rows of a window.
  private let length: Int

  /// Blocks of a window.
  var count: Int { length / graph.ratio }

  init(
    _ graph: KeyCompression, rotation: Rotation, positions: Range<Int>, in context: ForwardContext
  ) {
    self.graph = graph
    self.context = context
    length = positions.count
    let starts = (0..<positions.count / graph.ratio).map {
      positions.lowerBound + $0 * graph.ratio
    }
    table = RotationTable(rotation, positions: starts, factors: nil)
  }

  /// The keys of all windows: `count` rows each.
  func run(_ h: Matrix) throws(QuantError) -> Matrix {
    let windows = h.rows / length
    let keys = Matrix(rows: windows * count, columns: graph.size)
    let values = Matrix(rows: h.rows, columns: graph.value.outputs)
    let gates = Matrix(rows: h.rows, columns: graph.gate.outputs)
    try LinearProduct(graph.value, in: context).run(h, into: values)
    try LinearProduct(graph.gate, in: context).run(h, into: gates)
    let places: [Float] = try context.vector(graph.places)
    let (ratio, width) = (graph.ratio, gates.columns)
    for row in 0..<gates.rows {
      let place = row % length % ratio
      gates.withMutableRow(row) { span in
        for column in span.indices { span[column] += places[place * width + column] }
      }
    }
    try context.workers.forEach(windows * count) { (index, _) throws(QuantError) in
      let (window, block) = (index / count, index % count)
      compress(
        values, gates, start: window * length, block: block, into: keys.rows(index..<index + 1))
    }
    try context.normalize(keys, by: graph.norm, into: keys)
    let rotated = 2 * (table.rotation.dimensions / 2)
    try table.turn(keys, heads: 1, size: graph.size, from: graph.size - rotated, context)
    return keys
  }

  /// One block's mean: the weights of each number are the softmax of its gates over the tokens.
  private func compress(
    _ values: Matrix, _ gates: Matrix, start: Int, block: Int, into key: Matrix
  ) {
    let size = graph.size
    let own = start + block * graph.ratio..<start + (block + 1) * graph.ratio
    // The tokens of the block before give the first numbers, its own those behind them.
    let before = own.lowerBound - graph.ratio..<own.lowerBound
    let earlier = graph.overlaps && block > 0 ? before.map { ($0, 0) } : []
    let tokens = earlier + own.map { ($0, graph.overlaps ? size : 0) }
    for column in 0..<size {
      let peak = tokens.reduce(-Float.infinity) { max($0, gates[$1.0, $1.1 + column]) }
      var (sum, total): (Float, Float) = (0, 0)
      for (row, first) in tokens {
        let weight = exp(gates[row, first + column] - peak)
        sum += weight * values[row, first + column]
        total += weight
      }
      key[0, column] = sum / total
    }
  }
}
