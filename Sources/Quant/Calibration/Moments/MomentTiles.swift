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

  /// sums += a · bᵀ.
  ///
  /// The products of two tiles are added to the sums in a second step: the library is much slower where
  /// it adds to rows that are not packed.
  ///
  /// - Parameters:
  ///   - a: [n][rows]: what is summed, a row for each column.
  ///   - b: The same of what it is multiplied with; the same matrix if the sums are symmetric.
  ///   - sums: [n][n].
  ///   - isSymmetric: Whether tiles below the diagonal can be left out.
  ///   - workers: Threads to work with.
  /// - Throws: Nothing of its own.
  func add(
    _ a: Matrix, _ b: Matrix, to sums: Matrix, isSymmetric: Bool, _ workers: Workers
  ) throws(QuantError) {
    try Self.add(a, b, to: sums, pairs(isSymmetric: isSymmetric), workers)
  }

  /// sums += a · bᵀ of different rows, as many of both: [numbers of a][numbers of b].
  static func add(
    _ a: Matrix, _ b: Matrix, to sums: Matrix, _ workers: Workers
  ) throws(QuantError) {
    let (rows, columns) = (MomentTiles(a.rows).ranges, MomentTiles(b.rows).ranges)
    try add(
      a, b, to: sums, rows.flatMap { row in columns.map { (row, $0) } }, workers)
  }

  private static func add(
    _ a: Matrix, _ b: Matrix, to sums: Matrix, _ pairs: [(rows: Range<Int>, columns: Range<Int>)],
    _ workers: Workers
  ) throws(QuantError) {
    try workers.forEach(pairs.count) { (index, slot) throws(QuantError) in
      let (rows, columns) = pairs[index]
      let product = Matrix(rows: rows.count, columns: columns.count)
      try slot.products.multiply(
        a.rows(rows), b.rows(columns), transposed: true, into: product)
      sums.rows(rows).columns(columns).add(product)
    }
  }

  /// The columns of each tile.
  private var ranges: [Range<Int>] {
    stride(from: 0, to: columns, by: width).map { $0..<min($0 + width, columns) }
  }

  /// The rows and columns of each tile: of those on and above the diagonal, or of all.
  private func pairs(isSymmetric: Bool) -> [(rows: Range<Int>, columns: Range<Int>)] {
    let ranges = ranges
    return ranges.indices.flatMap { row in
      ranges.indices.filter { !isSymmetric || $0 >= row }.map { (ranges[row], ranges[$0]) }
    }
  }

  /// Copies what lies above the diagonal to what lies below it.
  func mirror(_ sums: Matrix, _ workers: Workers) throws(QuantError) {
    let pairs = pairs(isSymmetric: true)
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
  /// Adds a matrix of the same shape.
  func add(_ other: Matrix) {
    precondition(other.rows == rows && other.columns == columns)
    for row in 0..<rows {
      let (source, target) = unsafe (other.base + row * other.stride, base + row * stride)
      for column in 0..<columns { unsafe target[column] += source[column] }
    }
  }

  /// Sets some rows of this matrix to columns of another, or of the difference of two.
  ///
  /// - Parameters:
  ///   - x: As many rows as this one has columns.
  ///   - less: What is taken off them.
  ///   - rows: The rows here, and the columns there.
  func setTransposed(_ x: Matrix, less: Matrix?, rows: Range<Int>) {
    precondition(
      x.rows == columns && x.columns == self.rows && (less == nil || less?.rows == x.rows))
    precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
    // Taken once: each access to a matrix's numbers counts a reference.
    let (source, target) = unsafe (x.base, base)
    let other = unsafe less?.base
    let otherStride = less?.stride ?? 0
    // A few rows of x at a time, so that what is read and what is written stays in the cache.
    for first in Swift.stride(from: 0, to: x.rows, by: 8) {
      let part = first..<min(first + 8, x.rows)
      for row in rows {
        for column in part {
          var value = unsafe source[column * x.stride + row]
          if let other = unsafe other { value -= unsafe other[column * otherStride + row] }
          unsafe target[row * stride + column] = value
        }
      }
    }
  }

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
