// SPDX-License-Identifier: MIT

/// Which search a format's encoder runs, and how.
enum BlockSearch: Sendable {
  /// Weights are restored as scale · q + min.
  case affine(SearchShape)
  /// Weights are restored as scale · q, q of either sign.
  case symmetric(SearchShape)
  /// Weights are restored as scale · one of the values of a table.
  case values(SearchShape, ValueTable)

  /// What is asked of the search.
  var shape: SearchShape {
    switch self {
    case .affine(let shape), .symmetric(let shape), .values(let shape, _): shape
    }
  }
}

/// What a search found for one block.
struct FoundBlock: ~Escapable {
  /// Quants as they are stored, the lowest being 0, one a byte.
  let quants: Span<UInt8>
  /// The stored scale of each sub-block, where they share a half.
  let scaleCodes: Span<Int8>
  /// The stored min of each sub-block, likewise.
  let minCodes: Span<Int8>
  /// The block's scale: a half, or as precise as the format's.
  let scale: Float
  /// The block's min, if it has one.
  let min: Float

  @_lifetime(copy quants, copy scaleCodes, copy minCodes)
  init(
    quants: Span<UInt8>, scaleCodes: Span<Int8>, minCodes: Span<Int8>, scale: Float, min: Float
  ) {
    self.quants = quants
    self.scaleCodes = scaleCodes
    self.minCodes = minCodes
    self.scale = scale
    self.min = min
  }
}

/// The memory of a search, and the one place where spans become the pointers that kernels work on.
@safe struct SearchMemory: ~Copyable {
  private let base: UnsafeMutableRawPointer
  /// The memory, divided up.
  let memory: GroupMemory

  /// Asks for the memory of one group of sub-blocks.
  init() {
    unsafe base = .allocate(byteCount: GroupMemory.byteCount, alignment: GroupMemory.alignment)
    unsafe memory = GroupMemory(at: base)
  }

  deinit { unsafe base.deallocate() }

  /// Searches one group: up to 16 sub-blocks that follow each other.
  ///
  /// - Parameters:
  ///   - search: The kernel and what is asked of it.
  ///   - weights: The weights of whole sub-blocks.
  ///   - column: The column of the first weight in its row.
  ///   - rowWeights: Weights a row.
  ///   - importance: One value a column, or none.
  ///   - kernels: The searches of the level to run.
  mutating func run(
    _ search: BlockSearch, _ weights: Span<Float>, column: Int, rowWeights: Int,
    importance: Span<Float>?, by kernels: any SearchKernels.Type
  ) {
    let shape = search.shape
    precondition(
      weights.count % shape.weights == 0 && weights.count <= shape.weights * laneCount
        && rowWeights % shape.weights == 0 && column % shape.weights == 0 && column < rowWeights
        && importance?.count ?? rowWeights == rowWeights)
    unsafe weights.withUnsafeBufferPointer { weights in
      guard let first = weights.baseAddress else { return }
      var source = unsafe GroupSource(
        weights: first, count: weights.count / shape.weights, importance: nil, column: column,
        rowWeights: rowWeights)
      guard let importance else { return enter(search, source, kernels) }
      unsafe importance.withUnsafeBufferPointer {
        unsafe source.importance = $0.baseAddress
        enter(search, source, kernels)
      }
    }
  }

  private func enter(
    _ search: BlockSearch, _ source: GroupSource, _ kernels: any SearchKernels.Type
  ) {
    switch search {
    case .affine(let shape): kernels.affine(source, shape, memory)
    case .symmetric(let shape): kernels.symmetric(source, shape, memory)
    case .values(let shape, let table): kernels.values(source, shape, table, memory)
    }
  }

  /// What the last search found for the `index`-th block of its group.
  @_lifetime(borrow self)
  func found(_ index: Int, _ shape: SearchShape) -> FoundBlock {
    let first = index * shape.subBlocks
    precondition(index >= 0 && first + shape.subBlocks <= laneCount)
    // The ranges lie in the memory, by the precondition, and it lives as long as self is borrowed.
    let quants = unsafe Span(
      _unsafeStart: memory.quants + first * shape.weights, count: shape.subBlocks * shape.weights)
    let scaleCodes = unsafe Span(
      _unsafeStart: memory.scaleCodes + first, count: shape.subBlocks)
    let minCodes = unsafe Span(_unsafeStart: memory.minCodes + first, count: shape.subBlocks)
    let found = unsafe FoundBlock(
      quants: quants, scaleCodes: scaleCodes, minCodes: minCodes, scale: memory.scales[first],
      min: memory.mins[first])
    return unsafe _overrideLifetime(found, borrowing: self)
  }
}
