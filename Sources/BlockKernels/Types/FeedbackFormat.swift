// SPDX-License-Identifier: MIT

/// A format whose codes can be chosen with error feedback.
///
/// The format's own search finds where to begin; error feedback changes values and scales; and the
/// format packs what came of it.
public protocol FeedbackFormat: EncodableFormat {
  /// How weights are restored.
  static var feedback: FeedbackShape { get }

  /// Puts what the format's own search finds into a tile.
  ///
  /// - Parameters:
  ///   - rows: Rows of `tile.columns` weights, as many as the tile has.
  ///   - importance: One value a column.
  ///   - effort: How long to search.
  ///   - tile: Takes values, scales and mins.
  ///   - table: The kernels of the level to run.
  static func begin(
    _ rows: Span<Float>, importance: Span<Float>, effort: Effort, in tile: FeedbackTile,
    by table: KernelTable)

  /// Writes the blocks of one row of a tile.
  ///
  /// - Parameters:
  ///   - tile: The tile.
  ///   - row: The row.
  ///   - blocks: The destination, exactly as large as a row needs.
  static func pack(
    _ tile: FeedbackTile, row: Int, into blocks: inout MutableRawSpan)
}
