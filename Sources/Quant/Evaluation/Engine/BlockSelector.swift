// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// Chooses the blocks that each query sees: those whose keys score highest, summed over heads.
struct BlockSelector {
  private let graph: BlockSelection
  private let table: RotationTable
  private let compressor: KeyCompressor
  private let context: ForwardContext
  private let length: Int

  init(
    _ graph: BlockSelection, table: RotationTable, positions: Range<Int>, in context: ForwardContext
  ) {
    self.graph = graph
    self.table = table
    self.context = context
    length = positions.count
    compressor = KeyCompressor(
      graph.keys, rotation: table.rotation, positions: positions, in: context)
  }

  /// The blocks of every row, in no order.
  ///
  /// `narrow` is what queries are made of.
  func run(_ h: Matrix, _ narrow: Matrix) throws(QuantError) -> [[Int]] {
    let (heads, size) = (graph.heads, graph.size)
    let queries = Matrix(rows: h.rows, columns: heads * size)
    try LinearProduct(graph.query, in: context).run(narrow, into: queries)
    let first = size - table.rotation.dimensions
    try table.turn(queries, heads: heads, size: size, from: first, context)
    let weights = Matrix(rows: h.rows, columns: heads)
    try LinearProduct(graph.weights, in: context).run(h, into: weights)
    let keys = try compressor.run(h)
    let found = RowResults<[Int]>(h.rows)
    let (count, length) = (compressor.count, length)
    try context.workers.forEach(h.rows / length) { (window, slot) throws(QuantError) in
      let rows = window * length..<(window + 1) * length
      let scores = Matrix(rows: length, columns: count)
      scores.clear()
      for head in 0..<heads {
        try add(
          queries.rows(rows).columns(head * size..<(head + 1) * size),
          keys.rows(window * count..<(window + 1) * count),
          weights.rows(rows).columns(head..<head + 1), to: scores, slot)
      }
      for query in 0..<length {
        let visible = (query + 1) / graph.keys.ratio
        found[rows.lowerBound + query] = best(scores, query, visible)
      }
    }
    return (0..<h.rows).map { found[$0] ?? [] }
  }

  /// Adds a head's scores: its weight times the positive part of the product.
  private func add(
    _ queries: Matrix, _ keys: Matrix, _ weights: Matrix, to scores: Matrix, _ slot: WorkerSlot
  ) throws(QuantError) {
    guard keys.rows > 0 else { return }
    let products = slot.spare(rows: queries.rows, columns: keys.rows)
    try slot.products.multiply(queries, keys, transposed: true, into: products)
    KernelTable.current.layers.activate(
      products.floatRows, products.floatRows, rows: products.rows, columns: products.columns,
      activation: .relu)
    for row in 0..<products.rows {
      unsafe KernelTable.current.layers.addScaledRow(
        products.base + row * products.stride, scores.base + row * scores.stride,
        count: products.columns, factor: weights[row, 0])
    }
  }

  /// The first blocks with the largest scores, of those that are complete.
  private func best(_ scores: Matrix, _ query: Int, _ visible: Int) -> [Int] {
    guard visible > graph.count else { return Array(0..<visible) }
    let order = (0..<visible).sorted {
      let (a, b) = (scores[query, $0], scores[query, $1])
      return a > b || (a == b && $0 < $1)
    }
    return Array(order.prefix(graph.count))
  }
}
