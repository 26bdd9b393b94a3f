// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// The recurrence of a delta rule, in chunks of tokens: exact, and made of products of matrices.
///
/// With the state S before a chunk, a token t of it writes u_t under its key k_t, and
/// u_t = step_t · (v_t - what the decayed state and the writes before t tell of k_t): a triangular system
/// of equations. Then queries are answered by S and by the writes up to them, and what is left of S and of
/// the writes is the state behind the chunk. Decays between tokens are exponentials of sums that are
/// never positive.
struct DeltaRule {
  /// Tokens of a chunk. With a decay for each entry of a key, products of keys must be weighed one by one,
  /// which grows with the chunk.
  private let chunk: Int
  private let keySize: Int
  private let valueSize: Int
  private let isPerEntry: Bool
  /// Gives queries and keys their factors as they are normed.
  private let queryScale: [Float]
  private let keyScale: [Float]
  private let keyEpsilon: Float
  private let norm: [Float]?
  private let epsilon: Float

  /// Reads the norm.
  init(_ graph: DeltaNetGraph, in context: ForwardContext) throws(QuantError) {
    (keySize, valueSize, isPerEntry) = (graph.keySize, graph.valueSize, graph.decay.isPerEntry)
    chunk = isPerEntry ? 16 : 64
    // A root mean square is the length over the root of the size; the answer's factor is the query's.
    let size = Float(keySize)
    queryScale = Array(repeating: 1 / size, count: keySize)
    keyScale = Array(repeating: 1 / size.squareRoot(), count: keySize)
    keyEpsilon = (graph.keyEpsilon ?? context.epsilon) / size
    norm = try context.vector(graph.norm.weight)
    epsilon = graph.norm.epsilon ?? context.epsilon
  }

  /// Takes a head through a window; values become answers, normed.
  func run(_ head: DeltaHead, _ slot: WorkerSlot) throws(QuantError) {
    let length = head.values.rows
    let memory = DeltaMemory(tokens: min(chunk, length), keySize: keySize, valueSize: valueSize)
    memory.state.clear()
    for start in stride(from: 0, to: length, by: chunk) {
      let rows = start..<min(start + chunk, length)
      try step(head.rows(rows), memory.rows(rows.count), slot)
    }
  }

  private func step(
    _ head: DeltaHead, _ memory: DeltaMemory, _ slot: WorkerSlot
  ) throws(QuantError) {
    normalize(head.queries, by: queryScale, into: memory.queries)
    normalize(head.keys, by: keyScale, into: memory.keys)
    try decay(head, memory, slot)
    try slot.products.multiply(memory.starts, memory.state, transposed: false, into: memory.writes)
    KernelTable.current.layers.solveWrites(
      links: memory.links.floatRows, steps: head.steps.floatRows, values: head.values.floatRows,
      targets: memory.writes.floatRows, rows: memory.writes.rows, columns: valueSize)
    try slot.products.multiply(memory.queries, memory.state, transposed: false, into: head.values)
    try slot.products.add(memory.scores, memory.writes, to: head.values)
    for row in 0..<keySize {
      unsafe KernelTable.current.layers.scale(
        memory.state.base + row * memory.state.stride, count: valueSize,
        factor: memory.rest[0, row])
    }
    try slot.products.add(memory.ends, xIsTransposed: true, memory.writes, to: memory.state)
    unsafe norm.withPointer { norm in
      unsafe KernelTable.current.layers.normalize(
        head.values.floatRows, head.values.floatRows, rows: head.values.rows, columns: valueSize,
        weight: norm, bias: nil, epsilon: epsilon, isCentered: false)
    }
  }

  /// Gives rows a length.
  private func normalize(_ source: Matrix, by factors: [Float], into target: Matrix) {
    unsafe Optional(factors).withPointer { factors in
      unsafe KernelTable.current.layers.normalize(
        source.floatRows, target.floatRows, rows: source.rows, columns: keySize, weight: factors,
        bias: nil, epsilon: keyEpsilon, isCentered: false)
    }
  }

  /// Products of queries and keys with keys, and what else products with the state take.
  private func decay(
    _ head: DeltaHead, _ memory: DeltaMemory, _ slot: WorkerSlot
  ) throws(QuantError) {
    let chunk = unsafe DeltaChunk(
      count: head.queries.rows, size: keySize, queries: memory.queries.floatRows,
      keys: memory.keys.floatRows, decays: head.decays.floatRows, steps: head.steps.floatRows,
      scores: memory.scores.floatRows, links: memory.links.floatRows,
      starts: memory.starts.floatRows, ends: memory.ends.floatRows, rest: memory.rest.base,
      sums: memory.sums.base)
    if isPerEntry { return KernelTable.current.layers.decayEntries(chunk) }
    try slot.products.multiply(memory.queries, memory.keys, transposed: true, into: memory.scores)
    try slot.products.multiply(memory.keys, memory.keys, transposed: true, into: memory.links)
    KernelTable.current.layers.decayTokens(chunk)
  }
}

/// What a chunk of one head is worked on in; see `DeltaChunk`.
private struct DeltaMemory {
  let queries: Matrix
  let keys: Matrix
  let starts: Matrix
  let scores: Matrix
  let links: Matrix
  let ends: Matrix
  let writes: Matrix
  let state: Matrix
  let rest: Matrix
  let sums: Matrix

  init(tokens: Int, keySize: Int, valueSize: Int) {
    let padded = tokens.roundedUp(to: 16)
    queries = Matrix(rows: tokens, columns: keySize)
    keys = Matrix(rows: tokens, columns: keySize)
    starts = Matrix(rows: tokens, columns: keySize)
    scores = Matrix(rows: tokens, columns: padded)
    links = Matrix(rows: tokens, columns: padded)
    ends = Matrix(rows: tokens, columns: keySize)
    writes = Matrix(rows: tokens, columns: valueSize)
    state = Matrix(rows: keySize, columns: valueSize)
    rest = Matrix(rows: 1, columns: keySize)
    sums = Matrix(rows: 1, columns: max(padded, keySize.roundedUp(to: 16)))
  }

  private init(_ whole: DeltaMemory, tokens: Int) {
    queries = whole.queries.rows(0..<tokens)
    keys = whole.keys.rows(0..<tokens)
    starts = whole.starts.rows(0..<tokens)
    scores = whole.scores.rows(0..<tokens).columns(0..<tokens)
    links = whole.links.rows(0..<tokens).columns(0..<tokens)
    ends = whole.ends.rows(0..<tokens)
    writes = whole.writes.rows(0..<tokens)
    (state, rest, sums) = (whole.state, whole.rest, whole.sums)
  }

  /// The part for so many tokens.
  func rows(_ tokens: Int) -> DeltaMemory { DeltaMemory(self, tokens: tokens) }
}
