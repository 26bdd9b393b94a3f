// SPDX-License-Identifier: MIT
internal import BlockKernels

/// Which search a format's encoder runs, and how.
enum BlockSearch: Sendable {
  /// Weights are restored as scale · q + min.
  case affine(SearchShape)
  /// Weights are restored as scale · q, q of either sign.
  case symmetric(SearchShape)
  /// Weights are restored as scale · one of the values of `IQ4_NL`.
  case values(SearchShape)

  /// What is asked of the search.
  var shape: SearchShape {
    switch self {
    case .affine(let shape), .symmetric(let shape), .values(let shape): shape
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
  fileprivate init(
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
///
@safe struct SearchMemory: ~Copyable {
  private let base: UnsafeMutableRawPointer
  private let memory: GroupMemory

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
  mutating func run(
    _ search: BlockSearch, _ weights: Span<Float>, column: Int, rowWeights: Int,
    importance: Span<Float>?
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
      guard let importance else { return enter(search, source) }
      unsafe importance.withUnsafeBufferPointer {
        unsafe source.importance = $0.baseAddress
        enter(search, source)
      }
    }
  }

  private func enter(_ search: BlockSearch, _ source: GroupSource) {
    switch search {
    case .affine(let shape): Kernels.affine(source, shape, memory)
    case .symmetric(let shape): Kernels.symmetric(source, shape, memory)
    case .values(let shape): enterValues(source, shape)
    }
  }

  private func enterValues(_ source: GroupSource, _ shape: SearchShape) {
    let values = IQ4_NLValues.values.span
    let midpoints = IQ4_NLValues.midpoints.span
    unsafe values.withUnsafeBufferPointer { values in
      unsafe midpoints.withUnsafeBufferPointer { midpoints in
        guard let first = values.baseAddress, let second = midpoints.baseAddress else { return }
        let table = unsafe ValueTable(values: first, midpoints: second, count: values.count)
        Kernels.values(source, shape, table, memory)
      }
    }
  }

  /// Encodes blocks of 256 ternary weights.
  ///
  /// The caller answers for `blocks` having room for all of the source.
  @unsafe func encodeTernary(
    _ source: GroupSource, _ packing: TernaryPacking, isQuick: Bool,
    into blocks: UnsafeMutableRawPointer
  ) {
    unsafe Kernels.ternary(source, packing, isQuick, memory, blocks)
  }

  /// Encodes MXFP4 blocks.
  ///
  /// The caller answers for `blocks` having room for all of the source.
  @unsafe func encodeMXFP4(
    _ source: GroupSource, attempts: Int, into blocks: UnsafeMutableRawPointer
  ) {
    unsafe Kernels.mxfp4(source, attempts, memory, blocks)
  }

  /// Encodes NVFP4 blocks.
  ///
  /// The caller answers for `blocks` having room for all of the source.
  @unsafe func encodeNVFP4(
    _ source: GroupSource, below: Int, above: Int, into blocks: UnsafeMutableRawPointer
  ) {
    unsafe Kernels.nvfp4(source, below, above, memory, blocks)
  }

  /// Encodes Q2_0 blocks.
  ///
  /// The caller answers for `blocks` having room for all of the source.
  @unsafe func encodeQ2_0(
    _ source: GroupSource, _ shape: SearchShape, into blocks: UnsafeMutableRawPointer
  ) {
    unsafe Kernels.q2_0(source, shape, memory, blocks)
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

/// Rounding to 8 bits, which needs no search and no memory.
enum ByteRounding {
  /// The half-precision scale at which the largest magnitude becomes 127.
  static func scale(of weights: Span<Float>) -> Float {
    nearestHalf(extreme(of: weights).magnitude / 127)
  }

  /// The weight of largest magnitude, with its sign.
  ///
  /// - Precondition: `weights.count` is a multiple of 16.
  static func extreme(of weights: Span<Float>) -> Float {
    precondition(weights.count % laneCount == 0)
    return unsafe weights.withUnsafeBufferPointer { weights in
      guard let first = weights.baseAddress else { return 0 }
      return unsafe Kernels.extreme(first, weights.count)
    }
  }

  /// Stores weights / scale, rounded to whole numbers from -127 to 127, as signed bytes.
  ///
  /// - Precondition: There are as many bytes as weights, a multiple of 16.
  static func round(_ weights: Span<Float>, scale: Float, into bytes: inout MutableRawSpan) {
    precondition(weights.count % laneCount == 0 && bytes.byteCount == weights.count)
    // The inverse of a subnormal scale may not be finite; such weights come back as zeros.
    let inverse = scale.magnitude < .leastNormalMagnitude ? 0 : 1 / scale
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe weights.withUnsafeBufferPointer { weights in
        guard let source = weights.baseAddress, let target = bytes.baseAddress else { return }
        unsafe Kernels.round(source, weights.count, inverse, target)
      }
    }
  }
}
