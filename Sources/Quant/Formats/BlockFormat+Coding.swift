// SPDX-License-Identifier: MIT
public import BlockKernels

extension BlockFormat {
  /// Decodes whole blocks into floats, bit for bit as the reference does.
  ///
  /// - Parameters:
  ///   - blocks: Blocks one after the other, any number of rows.
  ///   - weights: The destination, one float a weight.
  /// - Precondition: `blocks` holds exactly the blocks for `weights.count` weights, and that is a
  ///   multiple of the block's weights.
  /// - Complexity: O(*n*) in weights; no allocation.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    KernelTable.current.decode(blocks, of: Self.self, into: &weights)
  }

  /// Decodes whole blocks into new memory.
  ///
  /// - Parameter blocks: Blocks one after the other; a rest shorter than a block is left out.
  /// - Returns: The weights, one float each.
  public static func decode(_ blocks: [UInt8]) -> [Float] {
    let count = blocks.count / layout.bytesPerBlock
    var weights = [Float](repeating: 0, count: count * layout.weightsPerBlock)
    var span = weights.mutableSpan
    unsafe decode(blocks.span.extracting(first: count * layout.bytesPerBlock).bytes, into: &span)
    return weights
  }
}

extension EncodableFormat {
  /// Encodes whole rows of floats into blocks.
  ///
  /// The bytes of a row depend only on that row and `importance`, never on the rows beside it, nor on
  /// the machine.
  ///
  /// - Parameters:
  ///   - rows: Rows of `rowWeights` weights one after the other. Weights must be finite.
  ///   - rowWeights: Weights a row; a multiple of the block's weights.
  ///   - importance: How much an error at each column matters (mean squared activations), shared by
  ///     all rows: `rowWeights` values, finite and not negative; `nil` for the format's plain rule.
  ///   - effort: How long to search; formats without a search do not use it.
  ///   - blocks: The destination, exactly as large as the rows need.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort = .default,
    into blocks: inout MutableRawSpan
  ) {
    encode(
      rows, rowWeights: rowWeights, importance: importance, effort: effort, into: &blocks,
      by: .current)
  }
}
