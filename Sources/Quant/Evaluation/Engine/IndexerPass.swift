// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels

/// Chooses keys by an indexer, over whole windows.
struct IndexerPass {
  private let graph: IndexerGraph
  private let choice: KeyChoice
  private let pass: AttentionPass
  private var context: ForwardContext { pass.context }
  private var length: Int { pass.positions.count }

  init(_ graph: IndexerGraph, _ choice: KeyChoice, _ pass: AttentionPass) {
    self.graph = graph
    self.choice = choice
    self.pass = pass
  }

  /// Queries in one go.
  private static let queryBlock = 128

  /// What every query sees.
  ///
  /// - Parameters:
  ///   - h: The attention's input.
  ///   - source: What index queries are made of.
  /// - Returns: A row a query.
  /// - Throws: `QuantError` for weights that cannot be read.
  func run(_ h: Matrix, queriesFrom source: Matrix) throws(QuantError) -> KeyMask {
    let made = try IndexInputs(graph, choice, pass, h, queriesFrom: source)
    let (groups, length) = (choice.groups(graph), length)
    let mask = KeyMask(rows: h.rows, groups: groups, length: length)
    let blocks = (length + Self.queryBlock - 1) / Self.queryBlock
    try context.workers.forEach(h.rows / length * blocks * groups) {
      (task, slot) throws(QuantError) in
      let window = task / groups / blocks
      let start = task / groups % blocks * Self.queryBlock
      let part = IndexBlock(
        queries: start..<min(start + Self.queryBlock, length), group: task % groups,
        first: window * length, candidates: made.candidates(window: window))
      let scores = try score(part, made, slot)
      choose(part, scores, into: mask)
    }
    return mask
  }

  /// Scores of what may be chosen, a row a query; `nil` where there is no choice.
  private func score(
    _ part: IndexBlock, _ made: IndexInputs, _ slot: WorkerSlot
  ) throws(QuantError) -> Matrix? {
    let last = part.queries.upperBound - 1
    guard choice.candidates(query: last) > choice.count else { return nil }
    let queries = made.queries.rows(part.first + part.queries.lowerBound..<part.first + last + 1)
    guard case .blocks(_, let size, _) = choice else {
      let keys = part.candidates.rows(0..<choice.candidates(query: last))
      return try weighted(queries, keys, made.weights?.rows(of: part), slot)
    }
    let products = slot.spare(rows: queries.rows, columns: last + 1)
    try slot.products.multiply(
      queries.columns(part.group * graph.size..<(part.group + 1) * graph.size),
      part.candidates.rows(0..<last + 1), transposed: true, into: products)
    return Self.largest(products, ofBlocks: size, firstQuery: part.queries.lowerBound)
  }

  /// Σ weight · max(0, query · key) over heads.
  private func weighted(
    _ queries: Matrix, _ keys: Matrix, _ weights: Matrix?, _ slot: WorkerSlot
  ) throws(QuantError) -> Matrix {
    let sums = Matrix(rows: queries.rows, columns: keys.rows)
    sums.clear()
    let products = slot.spare(rows: queries.rows, columns: keys.rows)
    for head in 0..<graph.heads {
      try slot.products.multiply(
        queries.columns(head * graph.size..<(head + 1) * graph.size), keys, transposed: true,
        into: products)
      KernelTable.current.layers.activate(
        products.floatRows, products.floatRows, rows: products.rows, columns: products.columns,
        activation: .relu)
      for row in 0..<sums.rows {
        unsafe KernelTable.current.layers.addScaledRow(
          products.base + row * products.stride, sums.base + row * sums.stride,
          count: sums.columns, factor: weights?[row, head] ?? 1)
      }
    }
    return sums
  }

  /// The largest product of each block with the keys that a query sees.
  private static func largest(
    _ products: Matrix, ofBlocks size: Int, firstQuery: Int
  ) -> Matrix {
    let blocks = (products.columns + size - 1) / size
    let scores = Matrix(rows: products.rows, columns: blocks)
    for row in 0..<products.rows {
      let end = firstQuery + row + 1
      products.withRow(row) { products in
        for block in 0..<(end + size - 1) / size {
          var largest = products[block * size]
          for key in block * size + 1..<max(min((block + 1) * size, end), block * size + 1)
          where products[key] > largest {
            largest = products[key]
          }
          scores[row, block] = largest
        }
      }
    }
    return scores
  }

  /// Writes down what each query of a block sees.
  private func choose(_ part: IndexBlock, _ scores: Matrix?, into mask: KeyMask) {
    var bits = KeyBits(length: length)
    var best = TopChoice()
    var chosen: [Int32] = []
    for (row, query) in part.queries.enumerated() {
      bits.removeAll()
      let candidates = choice.candidates(query: query)
      if let scores, candidates > choice.count {
        let certain = choice.certainKeys(query: query)
        // What is seen in any case is not among those that are chosen from.
        let free = candidates - choice.certainCandidates
        scores.withRow(row) { scores in
          best.choose(
            choice.count - choice.certainCandidates, of: scores.extracting(0..<free), into: &chosen)
        }
        for candidate in chosen {
          let first = Int(candidate) * choice.size
          bits.insert(first..<min(first + choice.size, query + 1))
        }
        bits.insert(certain)
      } else {
        bits.insert(0..<query + 1)
      }
      mask.set(bits, row: part.first + query, group: part.group)
    }
  }
}

/// A block of queries of one window and one group.
private struct IndexBlock {
  /// The queries, counted within the window.
  let queries: Range<Int>
  let group: Int
  /// The window's first row.
  let first: Int
  /// What may be chosen: a row each.
  let candidates: Matrix
}

extension Matrix {
  /// The rows of a block's queries.
  fileprivate func rows(of part: IndexBlock) -> Matrix {
    rows(part.first + part.queries.lowerBound..<part.first + part.queries.upperBound)
  }
}

extension KeyChoice {
  /// How many are chosen.
  fileprivate var count: Int {
    switch self {
    case .keys(let count), .pools(let count, _), .blocks(let count, _, _): count
    }
  }

  /// Groups of heads that see a choice of their own.
  func groups(_ indexer: IndexerGraph) -> Int {
    if case .blocks = self { indexer.heads } else { 1 }
  }

  /// How many a query may choose from, counted from the window's first.
  fileprivate func candidates(query: Int) -> Int {
    switch self {
    case .keys: query + 1
    case .pools(_, let size): (query + 1) / size
    case .blocks(_, let size, _): query / size + 1
    }
  }

  /// The last of these that are chosen in any case, where there are more than are chosen.
  fileprivate var certainCandidates: Int {
    if case .blocks(let count, _, let last) = self { min(last, count) } else { 0 }
  }

  /// The keys that a query sees in any case.
  fileprivate func certainKeys(query: Int) -> Range<Int> {
    switch self {
    case .keys: query..<query
    case .pools(_, let size): (query + 1) / size * size..<query + 1
    case .blocks(_, let size, _):
      min((query / size + 1 - certainCandidates) * size, query + 1)..<query + 1
    }
  }
}
