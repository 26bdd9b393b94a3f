// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// What a scan works on whose states decay column by column: a row a token.
struct DecayInputs: Sendable {
  var queries: Matrix
  var keys: Matrix
  var values: Matrix
  /// What each row of the states is multiplied with.
  var decays: Matrix
  /// Factors of a token's own keys for its own query, before it is in the states (RWKV 6).
  var bonus: [Float]?
  /// What is looked for in the states before a token (RWKV 7).
  var removals: Matrix?
  /// The keys under which what was found is added.
  var additions: Matrix?

  /// One head.
  func columns(_ range: Range<Int>) -> DecayInputs {
    DecayInputs(
      queries: queries.columns(range), keys: keys.columns(range), values: values.columns(range),
      decays: decays.columns(range), bonus: bonus.map { Array($0[range]) },
      removals: removals?.columns(range), additions: additions?.columns(range))
  }
}

/// One head of one window, chunk by chunk: S = diag(decay) S + key valueᵀ, and in RWKV 7
/// + addition foundᵀ with found = Sᵀ removal from before the token.
///
/// Within a chunk, what tokens take of each other are small matrices, in which the decay between two
/// tokens is a product of factors; what came before the chunk is in the states.
struct DecayScan {
  /// Tokens of a chunk: as many as kernels take at once.
  static let chunk = 16

  private let inputs: DecayInputs
  private let size: Int
  /// A row a column of keys, a column a column of values.
  private let states: Matrix
  /// Room for queries, removals and what they find.
  private let scaled: Matrix
  private let found: Matrix
  /// Room for what tokens take of each other: 16 numbers a token.
  private let scores: Matrix
  /// Room for keys and additions, decayed: 16 numbers a column.
  private let decayed: Matrix
  /// Room for the decay of the chunk.
  private let total: Matrix

  init(_ inputs: DecayInputs, size: Int) {
    self.inputs = inputs
    self.size = size
    states = Matrix(rows: size, columns: size)
    states.clear()
    scaled = Matrix(rows: Self.chunk, columns: size)
    found = Matrix(rows: Self.chunk, columns: size)
    scores = Matrix(rows: 4 * Self.chunk, columns: Self.chunk)
    decayed = Matrix(rows: 2 * size, columns: Self.chunk)
    total = Matrix(rows: 1, columns: size)
  }

  /// Computes a chunk, and takes the states behind it.
  func run(_ rows: Range<Int>, into y: Matrix, _ slot: WorkerSlot) throws(QuantError) {
    if inputs.removals == nil {
      try runPlain(rows, into: y, slot)
    } else {
      try runWithRemovals(rows, into: y, slot)
    }
  }

  /// The scores of a kind, for so many tokens.
  private func scores(_ index: Int, _ count: Int) -> Matrix {
    scores.rows(index * Self.chunk..<index * Self.chunk + count).columns(0..<count)
  }

  private func runPlain(
    _ rows: Range<Int>, into y: Matrix, _ slot: WorkerSlot
  ) throws(QuantError) {
    products(of: inputs.keys, rows, first: inputs.queries, second: nil, index: 0)
    let values = inputs.values.rows(rows)
    try slot.products.multiply(scores(0, rows.count), values, transposed: false, into: y)
    try slot.products.add(scale(inputs.queries, rows, inclusive: false), states, to: y)
    decayStates()
    try slot.products.add(decayed(0, rows.count), values, to: states)
  }

  private func runWithRemovals(
    _ rows: Range<Int>, into y: Matrix, _ slot: WorkerSlot
  ) throws(QuantError) {
    guard let removals = inputs.removals, let additions = inputs.additions else { return }
    let (count, values) = (rows.count, inputs.values.rows(rows))
    let products = slot.products
    self.products(of: inputs.keys, rows, first: removals, second: inputs.queries, index: 0)
    self.products(of: additions, rows, first: removals, second: inputs.queries, index: 1)
    let found = found.rows(0..<count)
    try products.multiply(scores(0, count), values, transposed: false, into: found)
    try products.add(scale(removals, rows, inclusive: false), states, to: found)
    solve(scores(1, count), found)
    try products.multiply(scores(2, count), values, transposed: false, into: y)
    try products.add(scores(3, count), found, to: y)
    try products.add(scale(inputs.queries, rows, inclusive: true), states, to: y)
    decayStates()
    try products.add(decayed(0, count), values, to: states)
    try products.add(decayed(1, count), found, to: states)
  }

  /// Fills scores `index` of what is met before a token and `index + 2` of what is met behind it, and keys
  /// `index` as they are left behind the chunk.
  private func products(
    of keys: Matrix, _ rows: Range<Int>, first: Matrix, second: Matrix?, index: Int
  ) {
    let before = scores.rows(index * Self.chunk..<(index + 1) * Self.chunk)
    let behind = scores.rows((index + 2) * Self.chunk..<(index + 3) * Self.chunk)
    let left = decayed.rows(index * size..<(index + 1) * size)
    unsafe inputs.bonus.withPointer { bonus in
      unsafe KernelTable.current.layers.decayedProducts(
        keys.rows(rows).floatRows, decays: inputs.decays.rows(rows).floatRows, rows: rows.count,
        columns: size, first: first.rows(rows).floatRows, bonus: bonus,
        second: second?.rows(rows).floatRows, before: before.floatRows,
        behind: second == nil ? nil : behind.floatRows, decayed: left.base)
    }
  }

  /// Rows, as far as what was there before the chunk has decayed when they meet it.
  private func scale(_ source: Matrix, _ rows: Range<Int>, inclusive: Bool) -> Matrix {
    let target = scaled.rows(0..<rows.count)
    unsafe KernelTable.current.layers.scaleByDecays(
      source.rows(rows).floatRows, target.floatRows, decays: inputs.decays.rows(rows).floatRows,
      rows: rows.count, columns: size, inclusive: inclusive, total: total.base)
    return target
  }

  private func decayStates() {
    for row in 0..<size {
      unsafe KernelTable.current.layers.scale(
        states.base + row * states.stride, count: size, factor: total[0, row])
    }
  }

  private func decayed(_ index: Int, _ count: Int) -> Matrix {
    decayed.rows(index * size..<(index + 1) * size).columns(0..<count)
  }

  /// Adds to what each token finds what those before it in the chunk have added.
  private func solve(_ scores: Matrix, _ found: Matrix) {
    for row in 1..<max(1, found.rows) {
      for other in 0..<row {
        unsafe KernelTable.current.layers.addScaledRow(
          found.base + other * found.stride, found.base + row * found.stride, count: size,
          factor: scores[row, other])
      }
    }
  }
}
