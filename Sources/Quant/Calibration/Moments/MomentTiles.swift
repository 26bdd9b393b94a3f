// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// How a square matrix of sums is cut into tiles, each the work of one thread.
///
/// The cut depends on the number of columns alone, so that results do not depend on threads.
struct MomentTiles {
  /// Columns of all tiles.
  let columns: Int
  /// Columns of a tile.
  private let width: Int

  /// Cuts so many columns.
  init(_ columns: Int) {
    self.columns = columns
    width = columns < 1024 ? 128 : columns < 4096 ? 256 : 512
  }

  /// The columns of each tile.
  private var ranges: [Range<Int>] {
    stride(from: 0, to: columns, by: width).map { $0..<min($0 + width, columns) }
  }

  /// sums += aᵀ · b.
  ///
  /// - Parameters:
  ///   - a: Rows.
  ///   - b: As many rows; the same ones if the sums are symmetric.
  ///   - sums: [n][n].
  ///   - isSymmetric: Whether tiles below the diagonal can be left out.
  ///   - workers: Threads to work with.
  /// - Throws: Nothing of its own.
  func add(
    _ a: Matrix, _ b: Matrix, to sums: Matrix, isSymmetric: Bool, _ workers: Workers
  ) throws(QuantError) {
    let ranges = ranges
    let pairs = ranges.indices.flatMap { row in
      ranges.indices.filter { !isSymmetric || $0 >= row }.map { (ranges[row], ranges[$0]) }
    }
    try workers.forEach(pairs.count) { (index, slot) throws(QuantError) in
      let (rows, columns) = pairs[index]
      try slot.products.add(
        a.columns(rows), xIsTransposed: true, b.columns(columns),
        to: sums.rows(rows).columns(columns))
    }
  }

  /// sums += aᵀ · b for different rows, as many of both: [numbers of a][numbers of b].
  static func add(
    _ a: Matrix, _ b: Matrix, to sums: Matrix, _ workers: Workers
  ) throws(QuantError) {
    let (rows, columns) = (MomentTiles(a.columns).ranges, MomentTiles(b.columns).ranges)
    try workers.forEach(rows.count * columns.count) { (index, slot) throws(QuantError) in
      let (row, column) = (rows[index / columns.count], columns[index % columns.count])
      try slot.products.add(
        a.columns(row), xIsTransposed: true, b.columns(column),
        to: sums.rows(row).columns(column))
    }
  }

  /// Copies what lies above the diagonal to what lies below it.
  func mirror(_ sums: Matrix, _ workers: Workers) throws(QuantError) {
    let ranges = ranges
    let pairs = ranges.indices.flatMap { row in
      ranges.indices.filter { $0 >= row }.map { (ranges[row], ranges[$0]) }
    }
    try workers.forEach(pairs.count) { (index, _) throws(QuantError) in
      let (rows, columns) = pairs[index]
      for column in columns {
        sums.withMutableRow(column) { target in
          for row in rows where row < column { target[row] = sums[row, column] }
        }
      }
    }
  }

  /// Where the first number is that is not finite; `nil` if all are.
  func firstNotFinite(
    _ matrix: Matrix, _ workers: Workers
  ) throws(QuantError) -> (row: Int, column: Int)? {
    let found = Locked<Int?>(nil)
    try workers.forRanges(matrix.rows, atLeast: 64) { (rows, _) throws(QuantError) in
      guard let row = rows.first(where: { matrix.firstNotFinite(inRow: $0) != nil })
      else { return }
      found.withLock { $0 = min($0 ?? row, row) }
    }
    guard let row = found.withLock({ $0 }), let column = matrix.firstNotFinite(inRow: row)
    else { return nil }
    return (row, column)
  }
}

extension Matrix {
  /// The first column of a row with a number that is not finite.
  func firstNotFinite(inRow row: Int) -> Int? {
    withRow(row) { numbers in
      var bad = false
      // Without a way out, so that it is done for several numbers at once.
      for column in numbers.indices where !numbers[column].isFinite { bad = true }
      return bad ? numbers.indices.first { !numbers[$0].isFinite } : nil
    }
  }
}
