// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
package import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Attention of one layer, over whole windows: no window sees another.
package struct AttentionPass: BlockPass {
  let context: ForwardContext
  let graph: AttentionGraph
  /// The positions of every window.
  let positions: Range<Int>
  let table: RotationTable?
  private let sinks: [Float]?
  private let slopes: PositionSlopes?
  private let distances: DistanceTable?

  package init(_ graph: AttentionGraph, positions: Range<Int>, in context: ForwardContext)
    throws(QuantError)
  {
    self.context = context
    self.graph = graph
    self.positions = positions
    sinks = try context.vector(graph.sinks)
    slopes =
      graph.slopeBias == 0
      ? nil : PositionSlopes(bias: graph.slopeBias, heads: graph.heads, length: positions.count)
    distances = try graph.distanceBias.map { bias throws(QuantError) in
      DistanceTable(
        bias, try context.vector(bias.tensor), heads: graph.heads, length: positions.count)
    }
    guard let rotation = graph.rotation else {
      table = nil
      return
    }
    table = RotationTable(
      rotation, positions: positions, factors: try context.vector(rotation.factors))
  }

  /// Numbers a row that a pass needs beside its input and output.
  static func scratchColumns(_ graph: AttentionGraph) -> Int {
    let gate = graph.gate == nil ? 0 : 2 * graph.heads * max(graph.keySize, graph.valueSize)
    let keys = graph.keyValueHeads * graph.keySize
    let values = graph.keyValueHeads * graph.valueSize
    let latent: Int
    if case .latent(let own) = graph.input {
      latent = 2 * keys + 2 * values + LatentValues.scratchColumns(own, graph)
    } else {
      latent = 0
    }
    let selection = graph.selection.map(KeySelectionPass.scratchColumns) ?? 0
    return graph.heads * (graph.keySize + graph.valueSize) + keys + values + latent + gate
      + selection
  }

  /// Computes attention and its output product.
  ///
  /// - Parameters:
  ///   - input: Normed rows of whole windows.
  ///   - y: Takes as many rows.
  /// - Throws: `QuantError` for weights that cannot be read.
  package func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let made = try AttentionInputs(graph, input, self)
    var seen: KeyMask?
    if let selection = graph.selection {
      seen = try KeySelectionPass(selection, self).run(input, latent: made.latentQueries)
    }
    try prepare(made)
    if input.keeps, let kept = graph.keeps {
      context.layout.carried(kept.keys, of: input.states).copy(from: made.keys)
      context.layout.carried(kept.values, of: input.states).copy(from: made.values)
    }
    if context.mode == .llama {
      // The cache of keys and values holds halves, and what meets them is rounded to halves.
      for part in [made.queries, made.keys, made.values] {
        try ActivationRounding.round(part, to: F16.self, context.workers)
      }
    }
    let values = Matrix(rows: y.rows, columns: graph.heads * graph.valueSize)
    try attend(made, seen, into: values)
    if let gate = graph.gate { try GatePass(gate, graph, self).run(input.h, made, into: values) }
    if let norm = graph.innerNorm { try context.normalize(values, by: norm, into: values) }
    try LinearProduct(graph.output, in: context).run(values, into: y)
  }

  /// Norms and turns queries, keys and values.
  private func prepare(_ made: AttentionInputs) throws(QuantError) {
    if !graph.rotatesFirst { try made.norm(graph.queryNorm, graph.keyNorm, graph, context) }
    try made.normValues(graph, context)
    try rotate(made)
    if graph.rotatesFirst { try made.norm(graph.queryNorm, graph.keyNorm, graph, context) }
    if graph.normsAfterRotation { try made.normHeads(graph, context) }
    if let temperature = graph.temperature { warm(made.queries, temperature) }
  }

  /// Turns queries and keys.
  private func rotate(_ made: AttentionInputs) throws(QuantError) {
    guard let table else { return }
    try rotate(made.queries, heads: graph.heads, size: graph.keySize, from: made.rotatedFrom, table)
    guard !made.keysAreRotated else { return }
    try rotate(
      made.keys, heads: graph.keyValueHeads, size: graph.keySize, from: made.rotatedFrom, table)
  }

  /// Turns heads of every row, in place.
  func rotate(
    _ rows: Matrix, heads: Int, size: Int, from first: Int, _ table: RotationTable
  ) throws(QuantError) {
    try table.turn(rows, heads: heads, size: size, from: first, context)
  }

  /// Makes queries at late positions larger.
  private func warm(_ queries: Matrix, _ temperature: AttentionTemperature) {
    for row in 0..<queries.rows {
      let factor = temperature.factor(at: positions.lowerBound + row % positions.count)
      unsafe KernelTable.current.layers.scale(
        queries.base + row * queries.stride, count: queries.columns, factor: factor)
    }
  }

  /// Queries in one go: their scores with all keys before them stay in the cache.
  private static let queryBlock = 128

  private func attend(
    _ made: AttentionInputs, _ seen: KeyMask?, into y: Matrix
  ) throws(QuantError) {
    guard let latent = made.latentValues else {
      return try attend(made, heads: 0..<graph.heads, seen, into: y)
    }
    try latent.forGroups(rows: y.rows, context) { (heads, mixed) throws(QuantError) in
      try attend(made, heads: heads, seen, into: y, mixed)
    }
  }

  /// Some heads' answers; and the mixes of latent vectors that stand for their values, if wanted.
  private func attend(
    _ made: AttentionInputs, heads: Range<Int>, _ seen: KeyMask?, into y: Matrix,
    _ mixed: Matrix? = nil
  ) throws(QuantError) {
    let length = positions.count
    try context.workers.forEach(made.queries.rows / length * heads.count) {
      (task, slot) throws(QuantError) in
      let (place, head) = (task % heads.count, heads.lowerBound + task % heads.count)
      let window = task / heads.count * length..<(task / heads.count + 1) * length
      let inputs = HeadInputs(made, graph, window: window, head: head)
      let target = inputs.latent.flatMap { latent in
        mixed?.rows(window).columns(place * latent.columns..<(place + 1) * latent.columns)
      }
      for start in stride(from: 0, to: length, by: Self.queryBlock) {
        let block = start..<min(start + Self.queryBlock, length)
        try attend(
          inputs, block, seen?.rows(window), into: y.rows(window), target?.rows(block), head: head,
          slot)
      }
    }
  }

  /// One head's answer to a block of queries.
  private func attend(
    _ inputs: HeadInputs, _ block: Range<Int>, _ seen: KeyMask?, into y: Matrix,
    _ mixed: Matrix?, head: Int, _ slot: WorkerSlot
  ) throws(QuantError) {
    // A multiple of 16 keeps the number of different products small.
    let first = self.seen(by: block.lowerBound).lowerBound / 16 * 16
    let keys = first..<self.seen(by: block.upperBound - 1).upperBound
    let scores = slot.spare(rows: block.count, columns: keys.count)
    try slot.products.multiply(
      inputs.queries.rows(block), inputs.keys.rows(keys), transposed: true, into: scores)
    var chosen = seen.map { ChosenScores($0, head: head, of: graph.heads, keys: keys.count) }
    for (row, query) in block.enumerated() {
      let own = scores.rows(row..<row + 1)
      slopes?.add(to: own, query: query, firstKey: first, head: head, scale: graph.scale)
      distances?.add(to: own, query: query, firstKey: first, head: head, scale: graph.scale)
      let range = self.seen(by: query)
      let sink = sinks?[head] ?? -.infinity
      guard chosen == nil else {
        chosen?.soften(own, query, from: range.lowerBound, graph, firstKey: first, sink: sink)
        continue
      }
      unsafe KernelTable.current.layers.softmax(
        own.base, count: keys.count, low: range.lowerBound - first, high: range.upperBound - first,
        scale: graph.scale, cap: graph.cap, sink: sink)
    }
    if context.mode == .llama { try ActivationRounding.round(scores, to: F16.self) }
    let columns = head * graph.valueSize..<(head + 1) * graph.valueSize
    try slot.products.multiply(
      scores, inputs.values.rows(keys), transposed: false,
      into: y.rows(block).columns(columns))
    if let mixed, let latent = inputs.latent {
      try slot.products.multiply(scores, latent.rows(keys), transposed: false, into: mixed)
    }
  }

  /// The rows of the window that the query of a row sees.
  private func seen(by row: Int) -> Range<Int> {
    let start = positions.lowerBound
    let first = max(0, graph.window.first(for: start + row) - start)
    guard !graph.isCausal else { return first..<row + 1 }
    return first..<min(positions.count, graph.window.end(for: start + row) - start)
  }
}

/// What one head of one window works on.
private struct HeadInputs {
  let queries: Matrix
  let keys: Matrix
  let values: Matrix
  /// What all heads' values are made of, if observers are told.
  let latent: Matrix?

  init(_ made: AttentionInputs, _ graph: AttentionGraph, window: Range<Int>, head: Int) {
    let shared = head / (graph.heads / graph.keyValueHeads)
    queries = made.queries.rows(window)
      .columns(head * graph.keySize..<(head + 1) * graph.keySize)
    keys = made.keys.rows(window)
      .columns(shared * graph.keySize..<(shared + 1) * graph.keySize)
    values = made.values.rows(window)
      .columns(shared * graph.valueSize..<(shared + 1) * graph.valueSize)
    latent = made.latentValues?.vectors.rows(window)
  }
}
