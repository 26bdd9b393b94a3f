// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// Attention to single tokens and compressed blocks, over whole windows.
struct CompressedAttentionPass: BlockPass {
  private let graph: CompressedAttentionGraph
  private let context: ForwardContext
  private let positions: Range<Int>
  private let table: RotationTable
  /// Turns values back.
  private let inverse: RotationTable
  private let compressor: KeyCompressor?
  private let selector: BlockSelector?
  private let sinks: [Float]?
  private var rotatedFrom: Int { graph.size - graph.rotation.dimensions }

  init(
    _ graph: CompressedAttentionGraph, positions: Range<Int>, in context: ForwardContext
  ) throws(QuantError) {
    self.graph = graph
    self.context = context
    self.positions = positions
    let rotation = graph.rotation
    table = RotationTable(rotation, positions: positions, factors: nil)
    inverse = RotationTable(rotation, positions: positions.map { -$0 }, factors: nil)
    sinks = try context.vector(graph.sinks)
    compressor = graph.blocks.map {
      KeyCompressor($0, rotation: rotation, positions: positions, in: context)
    }
    selector = graph.selection.map { [table] in
      BlockSelector($0, table: table, positions: positions, in: context)
    }
  }

  static func scratchColumns(_ graph: CompressedAttentionGraph) -> Int {
    let narrow = graph.queryDown.outputs + graph.groups * graph.outputDown.outputs
    let index = graph.selection.map { $0.heads * $0.size + $0.heads + 4 * $0.size } ?? 0
    return 2 * graph.heads * graph.size + 6 * graph.size + narrow + index
  }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let h = input.h
    let narrow = Matrix(rows: h.rows, columns: graph.queryDown.outputs)
    try LinearProduct(graph.queryDown, in: context).run(h, into: narrow)
    try context.normalize(narrow, by: graph.queryNorm, into: narrow)
    let queries = try makeQueries(narrow)
    let keys = Matrix(rows: h.rows, columns: graph.size)
    try LinearProduct(graph.key, in: context).run(h, into: keys)
    try context.normalize(keys, by: graph.keyNorm, into: keys)
    try table.turn(keys, heads: 1, size: graph.size, from: rotatedFrom, context)
    let blocks = try compressor?.run(h)
    let seen = try selector?.run(h, narrow)
    let values = Matrix(rows: h.rows, columns: graph.heads * graph.size)
    try attend(queries, keys, blocks, seen, into: values)
    try inverse.turn(values, heads: graph.heads, size: graph.size, from: rotatedFrom, context)
    try output(values, into: y)
  }

  private func makeQueries(_ narrow: Matrix) throws(QuantError) -> Matrix {
    let queries = Matrix(rows: narrow.rows, columns: graph.heads * graph.size)
    try LinearProduct(graph.queryUp, in: context).run(narrow, into: queries)
    for head in 0..<graph.heads {
      let part = queries.columns(head * graph.size..<(head + 1) * graph.size)
      try context.normalize(part, by: Norm(weight: nil, bias: nil), into: part)
    }
    try table.turn(queries, heads: graph.heads, size: graph.size, from: rotatedFrom, context)
    return queries
  }

  /// Groups of heads to narrow vectors, and those to the model's width.
  private func output(_ values: Matrix, into y: Matrix) throws(QuantError) {
    let (inputs, rank) = (graph.outputDown.inputs, graph.outputDown.outputs)
    let narrow = Matrix(rows: values.rows, columns: graph.groups * rank)
    for group in 0..<graph.groups {
      // The groups' matrices may stand in one, one after the other.
      let isSplit = graph.outputDown.tensor.matrixCount > 1
      let product = LinearProduct(
        graph.outputDown, matrix: isSplit ? group : 0, part: isSplit ? 0 : group, in: context)
      try product.run(
        values.columns(group * inputs..<(group + 1) * inputs),
        into: narrow.columns(group * rank..<(group + 1) * rank))
    }
    try LinearProduct(graph.outputUp, in: context).run(narrow, into: y)
  }

  // MARK: Scores

  /// Queries in one go.
  private static let queryBlock = 128

  private func attend(
    _ queries: Matrix, _ keys: Matrix, _ blocks: Matrix?, _ seen: [[Int]]?, into y: Matrix
  ) throws(QuantError) {
    let (length, heads, size) = (positions.count, graph.heads, graph.size)
    let steps = (length + Self.queryBlock - 1) / Self.queryBlock
    let count = compressor?.count ?? 0
    try context.workers.forEach(queries.rows / length * steps) { (task, slot) throws(QuantError) in
      let (window, start) = (task / steps, task % steps * Self.queryBlock)
      let rows = start..<min(start + Self.queryBlock, length)
      let first = max(0, rows.lowerBound - graph.window + 1)
      // Blocks come first, then single tokens.
      let all = Matrix(rows: count + rows.upperBound - first, columns: size)
      if let blocks {
        all.rows(0..<count).copy(from: blocks.rows(window * count..<(window + 1) * count))
      }
      all.rows(count..<all.rows).copy(
        from: keys.rows(window * length + first..<window * length + rows.upperBound))
      let mask = mask(rows, first, count, all.rows, seen, window)
      let place = window * length + rows.lowerBound..<window * length + rows.upperBound
      for head in 0..<heads {
        let columns = head * size..<(head + 1) * size
        try attend(
          queries.rows(place).columns(columns), all, mask, head,
          into: y.rows(place).columns(columns),
          slot)
      }
    }
  }

  private func attend(
    _ queries: Matrix, _ all: Matrix, _ mask: Matrix, _ head: Int, into y: Matrix,
    _ slot: WorkerSlot
  ) throws(QuantError) {
    let scores = slot.spare(rows: queries.rows, columns: all.rows)
    try slot.products.multiply(queries, all, transposed: true, into: scores)
    for row in 0..<scores.rows {
      let numbers = unsafe scores.base + row * scores.stride
      unsafe KernelTable.current.layers.addScaledRow(
        mask.base + row * mask.stride, numbers, count: all.rows, factor: 1)
      unsafe KernelTable.current.layers.softmax(
        numbers, count: all.rows, low: 0, high: all.rows, scale: 1 / Float(graph.size).squareRoot(),
        cap: 0, sink: sinks?[head] ?? -.infinity)
    }
    try slot.products.multiply(scores, all, transposed: false, into: y)
  }

  /// 0 for what a query sees, -∞ for the rest.
  private func mask(
    _ rows: Range<Int>, _ first: Int, _ count: Int, _ columns: Int, _ seen: [[Int]]?, _ window: Int
  ) -> Matrix {
    let mask = Matrix(rows: rows.count, columns: columns)
    for (place, query) in rows.enumerated() {
      mask.withMutableRow(place) { span in
        for column in span.indices { span[column] = -.infinity }
        for key in max(first, query - graph.window + 1)...query { span[count + key - first] = 0 }
        guard count > 0, let blocks = graph.blocks else { return }
        if let seen {
          for block in seen[window * positions.count + query] { span[block] = 0 }
        } else {
          for block in 0..<(query + 1) / blocks.ratio { span[block] = 0 }
        }
      }
    }
    return mask
  }
}
