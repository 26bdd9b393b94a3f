// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Queries, keys and weights of an indexer for some rows.
struct IndexInputs: Sendable {
  /// All heads' queries.
  let queries: Matrix
  /// A weight for each head.
  let weights: Matrix?
  /// A row a key; a row a pool, if those are chosen.
  private let keys: Matrix
  private let rowsOfWindow: Int

  init(
    _ graph: IndexerGraph, _ choice: KeyChoice, _ pass: AttentionPass, _ h: Matrix,
    queriesFrom source: Matrix
  ) throws(QuantError) {
    let context = pass.context
    queries = Matrix(rows: h.rows, columns: graph.heads * graph.size)
    var keys = Matrix(rows: h.rows, columns: graph.size)
    try LinearProduct(graph.query, in: context).run(source, into: queries)
    try LinearProduct(graph.key, in: context).run(h, into: keys)
    try Self.norm(queries, heads: graph.heads, by: graph.queryNorm, context)
    try Self.norm(keys, heads: 1, by: graph.keyNorm, context)
    if let rotation = graph.rotation {
      let table = RotationTable(
        rotation, positions: pass.positions, factors: try context.vector(rotation.factors))
      for (rows, heads) in [(queries, graph.heads), (keys, 1)] {
        try pass.rotate(rows, heads: heads, size: graph.size, from: graph.rotatedFrom, table)
      }
    }
    if let linear = graph.weights {
      let made = Matrix(rows: h.rows, columns: graph.heads)
      try LinearProduct(linear, in: context).run(h, into: made)
      weights = made
    } else {
      weights = nil
    }
    rowsOfWindow = pass.positions.count / (graph.pooling == nil ? 1 : choice.size)
    if let pooling = graph.pooling {
      let pools = IndexPools(pooling, size: choice.size, length: pass.positions.count, context)
      keys = try pools.run(h, keys)
    }
    self.keys = keys
    if context.mode == .llama {
      for part in [queries, keys] {
        try ActivationRounding.round(part, to: F16.self, context.workers)
      }
    }
  }

  /// What queries of a window may choose from.
  func candidates(window: Int) -> Matrix {
    keys.rows(window * rowsOfWindow..<(window + 1) * rowsOfWindow)
  }

  private static func norm(
    _ rows: Matrix, heads: Int, by norm: Norm?, _ context: ForwardContext
  ) throws(QuantError) {
    guard let norm else { return }
    let size = rows.columns / heads
    for head in 0..<heads {
      let part = rows.columns(head * size..<(head + 1) * size)
      try context.normalize(part, by: norm, into: part)
    }
  }
}

/// Makes one key of each complete pool of a window.
private struct IndexPools {
  private let pooling: IndexPooling
  private let size: Int
  private let length: Int
  private let context: ForwardContext

  init(_ pooling: IndexPooling, size: Int, length: Int, _ context: ForwardContext) {
    (self.pooling, self.size, self.length, self.context) = (pooling, size, length, context)
  }

  func run(_ h: Matrix, _ keys: Matrix) throws(QuantError) -> Matrix {
    let gates = Matrix(rows: h.rows, columns: keys.columns)
    try LinearProduct(pooling.gate, in: context).run(h, into: gates)
    let places: [Float] = try context.vector(pooling.places)
    let (pools, size, length) = (length / size, size, length)
    let pooled = Matrix(rows: h.rows / length * pools, columns: keys.columns)
    try context.workers.forRanges(pooled.rows, atLeast: 4) { (rows, _) throws(QuantError) in
      for row in rows {
        let first = row / pools * length + row % pools * size
        let part = first..<first + size
        Self.mean(keys.rows(part), gates.rows(part), places, into: pooled, row: row)
      }
    }
    return pooled
  }

  /// The mean of a pool's keys, column by column.
  private static func mean(
    _ keys: Matrix, _ gates: Matrix, _ places: [Float], into target: Matrix, row: Int
  ) {
    let columns = keys.columns
    for column in 0..<columns {
      var peak = -Float.infinity
      for place in 0..<keys.rows {
        peak = max(peak, gates[place, column] + places[place * columns + column])
      }
      var (sum, total) = (Float(0), Float(0))
      for place in 0..<keys.rows {
        let weight = exp(gates[place, column] + places[place * columns + column] - peak)
        sum += weight * keys[place, column]
        total += weight
      }
      target[row, column] = sum / total
    }
  }
}
