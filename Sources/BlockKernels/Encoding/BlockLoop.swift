// SPDX-License-Identifier: MIT

/// The loop over blocks that encoders share.
///
/// It takes the block's sizes as literals, so that after inlining every inner loop has a fixed
/// count and its bounds checks fold away.
extension EncodableFormat {
  /// Cuts rows, importance and blocks into triples of one block each.
  ///
  /// - Parameters:
  ///   - weightsPerBlock: Weights of one block, as in `layout`.
  ///   - bytesPerBlock: Bytes of one block, as in `layout`.
  ///   - rows: Rows of `rowWeights` weights.
  ///   - rowWeights: Weights a row.
  ///   - importance: One value a column, shared by the rows.
  ///   - blocks: The destination.
  ///   - encode: Writes one block from its weights and the importance of their columns.
  @inline(__always)
  static func encodeBlocks(
    of weightsPerBlock: Int, in bytesPerBlock: Int, _ rows: Span<Float>, rowWeights: Int,
    importance: Span<Float>?, into blocks: inout MutableRawSpan,
    _ encode: (Span<Float>, Span<Float>?, inout MutableRawSpan) -> Void
  ) {
    let count = rows.count / weightsPerBlock
    checkEncode(rows.count, rowWeights, importance?.count, blocks.byteCount)
    for index in 0..<count {
      let first = index * weightsPerBlock
      let bytes = index * bytesPerBlock
      let column = first % rowWeights
      var block = blocks.slice(bytes..<bytes + bytesPerBlock)
      encode(
        rows.extracting(first..<first + weightsPerBlock),
        importance?.extracting(column..<column + weightsPerBlock), &block)
    }
  }

  /// Stops a call whose counts do not fit together.
  static func checkEncode(
    _ weights: Int, _ rowWeights: Int, _ importance: Int?, _ bytes: Int
  ) {
    let layout = layout
    precondition(
      rowWeights > 0 && rowWeights % layout.weightsPerBlock == 0 && weights % rowWeights == 0,
      "\(type): \(weights) weights are not whole rows of \(rowWeights)")
    precondition(
      importance == nil || importance == rowWeights,
      "\(type): importance for \(importance ?? 0) columns of \(rowWeights)")
    precondition(
      bytes == weights / layout.weightsPerBlock * layout.bytesPerBlock,
      "\(type): \(bytes) bytes are not the size of \(weights) weights")
  }
}

/// Sub-spans that can be written: the one place that uses the library's underscored name.
extension MutableSpan where Element: BitwiseCopyable {
  /// The part between two places.
  @inlinable @inline(always) @_lifetime(&self)
  package mutating func slice(_ range: Range<Int>) -> MutableSpan<Element> {
    _mutatingExtracting(range)
  }
}

extension MutableRawSpan {
  /// The part between two places.
  @inlinable @inline(always) @_lifetime(&self)
  package mutating func slice(_ range: Range<Int>) -> MutableRawSpan { _mutatingExtracting(range) }
}
