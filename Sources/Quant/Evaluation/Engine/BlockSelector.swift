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

  /// Queries in one go.
  private static let queryBlock = 128

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
    let (count, length, ratio) = (compressor.count, length, graph.keys.ratio)
    let steps = (length + Self.queryBlock - 1) / Self.queryBlock
    try context.workers.forEach(h.rows / length * steps) { (task, slot) throws(QuantError) in
      let (window, start) = (task / steps, task % steps * Self.queryBlock)
      let end = min(start + Self.queryBlock, length)
      let rows = window * length + start..<window * length + end
      let most = end / ratio
      guard most > graph.count else {
        for query in start..<end { found[window * length + query] = Array(0..<(query + 1) / ratio) }
        return
      }
      let scores = Matrix(rows: rows.count, columns: most)
      scores.clear()
      for head in 0..<heads {
        try add(
          queries.rows(rows).columns(head * size..<(head + 1) * size),
          keys.rows(window * count..<window * count + most),
          weights.rows(rows).columns(head..<head + 1), to: scores, slot)
      }
      var choice = TopChoice()
      for (row, query) in (start..<end).enumerated() {
        var chosen: [Int32] = []
        scores.withRow(row) {
          choice.choose(graph.count, of: $0.extracting(0..<(query + 1) / ratio), into: &chosen)
        }
        found[rows.lowerBound + row] = chosen.map { Int($0) }
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
}
