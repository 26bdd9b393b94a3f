// SPDX-License-Identifier: MIT
package import BlockFormats
internal import GGUF
package import QuantEvaluation
package import QuantModels

/// A matrix that was encoded with error feedback.
package struct EncodedMatrix: Sendable {
  /// Its blocks, one row after the other.
  package let bytes: [UInt8]
  /// The squared error of its outputs on the rows held out.
  package let error: Double
  /// That of the blocks it was compared with.
  package let presentError: Double

  /// Whether it is better than those on rows that it was not made for.
  package var isBetter: Bool { error < presentError }
}

/// Encodes matrices so that their outputs stay right: codes are chosen one after the other, and each
/// error is pushed onto weights that are not rounded yet.
///
/// The method is that of GPTQ and LDLQ with scales that are chosen on the way, followed by coordinate
/// descent on the exact quadratic form; see Docs/Calibration.md.
package struct FeedbackEncoder {
  let format: any FeedbackFormat.Type
  let moments: PreparedMoments
  let settings: CalibrationSettings

  /// Prepares to encode matrices of one input.
  package init(
    _ format: any FeedbackFormat.Type, _ moments: PreparedMoments, _ settings: CalibrationSettings
  ) {
    precondition(format.feedback.group == moments.group)
    self.format = format
    self.moments = moments
    self.settings = settings
  }

  /// Rows of a tile, which is one task.
  static let tileRows = 64
  /// Weights that are encoded at once, in whole tiles of rows: a matrix may be larger than memory.
  static let pieceWeights = 1 << 24

  /// Floats that encoding a matrix holds at once, beside moments: a piece of it, its blocks (no more bytes
  /// than those of floats), and what the tile of each thread needs.
  static func heldFloats(weights: Int, columns: Int, threads: Int) -> Int {
    2 * min(weights, max(pieceWeights, tileRows * columns)) + 9 * threads * tileRows * columns
  }

  /// Encodes rows of a matrix.
  ///
  /// - Parameters:
  ///   - weights: The rows, packed.
  ///   - first: The number of the first of them in the matrix.
  ///   - present: Blocks to compare with, as large as the result.
  ///   - heldOut: Inputs to compare on.
  ///   - workers: Threads to work with; the result does not depend on how many.
  /// - Returns: The blocks and both errors.
  /// - Throws: Nothing of its own.
  /// - Complexity: About 10 *n* multiplications a weight, *n* being the columns, and a few hundred more
  ///   for trial scales.
  package func encode(
    _ weights: Matrix, from first: Int = 0, comparing present: [UInt8], on heldOut: HeldOutRows,
    _ workers: Workers
  ) throws(QuantError) -> EncodedMatrix {
    let bytesPerRow =
      weights.columns / format.layout.weightsPerBlock * format.layout.bytesPerBlock
    precondition(present.count == weights.rows * bytesPerRow)
    let count = (weights.rows + Self.tileRows - 1) / Self.tileRows
    let tiles = Locked<[EncodedMatrix?]>(Array(repeating: nil, count: count))
    try workers.forEach(count) { (index, slot) throws(QuantError) in
      try QuantError.checkCancellation()
      let rows = index * Self.tileRows..<min((index + 1) * Self.tileRows, weights.rows)
      let old = present[rows.lowerBound * bytesPerRow..<rows.upperBound * bytesPerRow]
      let tile = try encode(
        weights.rows(rows), first + rows.lowerBound..<first + rows.upperBound, Array(old), heldOut,
        slot.products)
      tiles.withLock { $0[index] = tile }
    }
    return EncodedMatrix(joining: tiles.withLock { $0 }.compactMap(\.self))
  }

  /// Encodes the rows of one tile.
  private func encode(
    _ weights: Matrix, _ outputs: Range<Int>, _ present: [UInt8], _ heldOut: HeldOutRows,
    _ products: ProductCache
  ) throws(QuantError) -> EncodedMatrix {
    let targets = Matrix(rows: weights.rows, columns: weights.columns)
    try moments.targets(of: weights, outputs, into: targets, products)
    let tile = FeedbackTile(format.feedback, rows: weights.rows, columns: weights.columns)
    begin(tile, targets)
    let work = FeedbackWork(tile, targets, moments, products)
    try work.sweep()
    try work.descend(passes: settings.passes)
    var bytes = [UInt8](repeating: 0, count: present.count)
    pack(tile, into: &bytes)
    let restored = targets  // no longer needed
    decode(bytes, into: restored)
    let error = try heldOut.error(of: restored, for: weights, outputs, products)
    decode(present, into: restored)
    return EncodedMatrix(
      bytes: bytes, error: error,
      presentError: try heldOut.error(of: restored, for: weights, outputs, products))
  }

  private func begin(_ tile: FeedbackTile, _ targets: Matrix) {
    let span = unsafe Span(_unsafeStart: targets.base, count: targets.rows * targets.columns)
    format.begin(
      span, importance: moments.importance.span, effort: .default, in: tile, by: .current)
  }

  private func pack(_ tile: FeedbackTile, into bytes: inout [UInt8]) {
    let bytesPerRow = bytes.count / tile.rows
    var storage = bytes.mutableSpan
    var all = unsafe storage.mutableBytes
    for row in 0..<tile.rows {
      var window = all.slice(row * bytesPerRow..<(row + 1) * bytesPerRow)
      format.pack(tile, row: row, into: &window)
    }
  }

  private func decode(_ bytes: [UInt8], into target: Matrix) {
    var span = unsafe MutableSpan(_unsafeStart: target.base, count: target.rows * target.columns)
    unsafe format.decode(bytes.span.bytes, into: &span)
  }
}

extension EncodedMatrix {
  /// Puts tiles together, in their order.
  init(joining tiles: [EncodedMatrix]) {
    bytes = tiles.flatMap(\.bytes)
    error = tiles.reduce(0) { $0 + $1.error }
    presentError = tiles.reduce(0) { $0 + $1.presentError }
  }
}
