// SPDX-License-Identifier: MIT
internal import BlockKernels

/// Encoders that are one kernel's work from the weights to the blocks' bytes.
extension EncodableFormat {
  /// Hands all rows to a kernel: the body of such a format's `encode`.
  ///
  /// - Parameters:
  ///   - weightsPerBlock: Weights of one block, as in `layout`.
  ///   - rows: Rows of `rowWeights` weights.
  ///   - rowWeights: Weights a row.
  ///   - importance: One value a column, shared by the rows.
  ///   - blocks: The destination.
  ///   - kernel: Writes all blocks of its source.
  @inline(__always)
  static func encodeWhole(
    of weightsPerBlock: Int, _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?,
    into blocks: inout MutableRawSpan, _ kernel: (GroupSource, UnsafeMutableRawPointer) -> Void
  ) {
    // With these counts, all that the kernel reads and writes lies in the spans.
    checkEncode(rows.count, rowWeights, importance?.count, blocks.byteCount)
    unsafe blocks.withUnsafeMutableBytes { blocks in
      unsafe rows.withUnsafeBufferPointer { rows in
        guard let first = rows.baseAddress, let target = blocks.baseAddress else { return }
        var source = unsafe GroupSource(
          weights: first, count: rows.count / weightsPerBlock, importance: nil, column: 0,
          rowWeights: rowWeights)
        guard let importance else { return unsafe kernel(source, target) }
        unsafe importance.withUnsafeBufferPointer {
          unsafe source.importance = $0.baseAddress
          unsafe kernel(source, target)
        }
      }
    }
  }

  /// Encodes blocks of 256 ternary weights.
  static func encodeTernary(
    _ packing: TernaryPacking, _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?,
    effort: Effort, into blocks: inout MutableRawSpan
  ) {
    let memory = SearchMemory()
    unsafe encodeWhole(of: 256, rows, rowWeights: rowWeights, importance: importance, into: &blocks)
    {
      unsafe memory.encodeTernary($0, packing, isQuick: effort == .fast, into: $1)
    }
  }
}
