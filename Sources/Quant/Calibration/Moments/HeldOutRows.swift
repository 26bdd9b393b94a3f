// SPDX-License-Identifier: MIT
package import QuantEvaluation
package import QuantModels

/// Rows of windows that are not in the moments: whether an encoding is better is decided by them.
package struct HeldOutRows: Sendable {
  /// Numbers of a row.
  package let columns: Int
  /// The most rows.
  package let limit: Int
  /// The rows.
  package var x: Matrix { rows.rows(0..<count) }
  /// The whole model's rows of the same tokens; `nil` if they are the same.
  package var whole: Matrix? { wholeRows?.rows(0..<count) }
  /// What outputs are to make up for in each row; `nil` for nothing.
  package var debt: Matrix? { debts?.rows(0..<count) }
  /// How many rows there are.
  package private(set) var count = 0

  private var rows: Matrix
  private var wholeRows: Matrix?
  private var debts: Matrix?

  /// Begins with none.
  package init(columns: Int, limit: Int) {
    self.columns = columns
    self.limit = limit
    rows = Matrix(rows: 0, columns: columns)
  }

  /// Takes rows as they were read from a file.
  package init(_ x: Matrix, limit: Int) {
    columns = x.columns
    self.limit = limit
    rows = x
    count = x.rows
  }

  /// Keeps the first of some rows, as far as the limit goes.
  ///
  /// - Parameters:
  ///   - x: The rows.
  ///   - whole: The whole model's; `nil` if they are the same.
  ///   - debt: What outputs are to make up for; `nil` for nothing.
  ///   - hasWhole: Whether rows of the whole model are kept, too.
  mutating func keep(_ x: Matrix, whole: Matrix?, debt: Matrix? = nil, hasWhole: Bool) {
    precondition(x.columns == columns && (whole == nil || whole?.rows == x.rows))
    let kept = 0..<min(x.rows, limit - count)
    guard !kept.isEmpty else { return }
    grow(to: count + kept.count, hasWhole: hasWhole, debt?.columns ?? 0)
    let target = count..<count + kept.count
    rows.rows(target).copy(from: x.rows(kept))
    wholeRows?.rows(target).copy(from: (whole ?? x).rows(kept))
    if let debt { debts?.rows(target).copy(from: debt.rows(kept)) }
    count += kept.count
  }

  /// Keeps the first of other rows.
  mutating func keep(_ other: HeldOutRows) {
    keep(other.x, whole: other.whole, debt: other.debt, hasWhole: other.wholeRows != nil || wholeRows != nil)
  }

  /// Makes room; a copy of these rows that somebody else has stays as it is.
  private mutating func grow(to size: Int, hasWhole: Bool, _ outputs: Int) {
    if rows.rows < size || (hasWhole && wholeRows == nil) {
      let size = min(limit, max(size, 2 * count))
      let larger = Matrix(rows: size, columns: columns)
      larger.rows(0..<count).copy(from: x)
      if hasWhole {
        let wholes = Matrix(rows: size, columns: columns)
        wholes.rows(0..<count).copy(from: whole ?? x)
        wholeRows = wholes
      }
      if outputs > 0 {
        let more = Matrix(rows: size, columns: outputs)
        if let debt { more.rows(0..<count).copy(from: debt) }
        debts = more
      }
      rows = larger
    }
  }

  /// How far outputs of encoded weights are from those of the whole model: Σ over the kept rows of
  /// ‖W x_whole + r − Q x‖², r being what outputs are to make up for.
  ///
  /// - Parameters:
  ///   - restored: Some rows of Q, as they are decoded.
  ///   - weights: The same rows of W.
  ///   - outputs: Which rows of the matrix they are.
  ///   - products: The calling thread's.
  /// - Returns: The sum for these rows; zero if no rows were kept.
  /// - Throws: Nothing of its own.
  /// - Complexity: As many products as kept rows times weights, twice with rows of the whole model.
  package func error(
    of restored: Matrix, for weights: Matrix, _ outputs: Range<Int>, _ products: ProductCache
  ) throws(QuantError) -> Double {
    precondition(outputs.count == weights.rows)
    precondition(restored.columns == columns && weights.columns == columns)
    precondition(restored.rows == weights.rows)
    guard count > 0, weights.rows > 0 else { return 0 }
    let found = Matrix(rows: count, columns: weights.rows)
    guard let whole else {
      let difference = Matrix(rows: weights.rows, columns: columns)
      for row in 0..<weights.rows { difference.setRow(row, weights, minus: restored) }
      try products.multiply(x, difference, transposed: true, into: found)
      return found.sumOfSquares()
    }
    let expected = Matrix(rows: count, columns: weights.rows)
    try products.multiply(whole, weights, transposed: true, into: expected)
    try products.multiply(x, restored, transposed: true, into: found)
    for row in 0..<count { found.setRow(row, expected, minus: found) }
    if let debt { found.add(debt.columns(outputs)) }
    return found.sumOfSquares()
  }
}

extension Matrix {
  /// Sets a row to the difference of the same row of two others; one of them may be this one.
  func setRow(_ row: Int, _ a: Matrix, minus b: Matrix) {
    precondition(a.columns == columns && b.columns == columns)
    precondition(row >= 0 && row < min(rows, a.rows, b.rows))
    unsafe Self.subtract(
      a.base + row * a.stride, b.base + row * b.stride, into: base + row * stride, columns)
  }

  @unsafe private static func subtract(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    for index in 0..<count { unsafe target[index] = a[index] - b[index] }
  }

  /// this += other.
  func add(_ other: Matrix) {
    precondition(rows == other.rows && columns == other.columns)
    for row in 0..<rows {
      withMutableRow(row) { own in
        other.withRow(row) { other in
          for column in own.indices { own[column] += other[column] }
        }
      }
    }
  }

  /// Σ of the squares of all numbers, in double precision.
  func sumOfSquares() -> Double {
    var total = 0.0
    for row in 0..<rows {
      withRow(row) { numbers in
        var sum = 0.0
        for column in numbers.indices { sum += Double(numbers[column]) * Double(numbers[column]) }
        total += sum
      }
    }
    return total
  }
}
