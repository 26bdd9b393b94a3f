// SPDX-License-Identifier: MIT
package import QuantEvaluation
package import QuantModels

/// Rows of windows that are not in the moments: whether an encoding is better is decided by them.
///
/// Where more come than are kept, those that stay are spread evenly: when there is no room left, every
/// second one goes, and of those that come from then on half as many are taken.
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
  /// One of so many rows is kept, and how many came since the last.
  private var step = 1
  private var passed = 0

  /// Begins with none.
  package init(columns: Int, limit: Int) {
    self.columns = columns
    self.limit = limit
    rows = Matrix(rows: 0, columns: columns)
  }

  /// Takes rows as they were read from a file.
  package init(_ x: Matrix) {
    columns = x.columns
    limit = x.rows
    rows = x
    count = x.rows
  }

  /// Keeps some of the rows that come.
  ///
  /// - Parameters:
  ///   - x: The rows.
  ///   - whole: The whole model's; `nil` if they are the same.
  ///   - debt: What outputs are to make up for; `nil` for nothing.
  ///   - hasWhole: Whether rows of the whole model are kept, too.
  mutating func keep(_ x: Matrix, whole: Matrix?, debt: Matrix? = nil, hasWhole: Bool) {
    precondition(x.columns == columns && (whole == nil || whole?.rows == x.rows))
    guard limit > 0 else { return }
    for row in 0..<x.rows {
      defer { passed = (passed + 1) % step }
      guard passed == 0 else { continue }
      if count == limit {
        thin()
        // This row stays only if it is one of every second, too.
        guard limit % 2 == 0 else {
          passed = step / 2
          continue
        }
      }
      if count == rows.rows || (hasWhole && wholeRows == nil) {
        grow(hasWhole: hasWhole, outputs: debt?.columns ?? 0)
      }
      rows.rows(count..<count + 1).copy(from: x.rows(row..<row + 1))
      wholeRows?.rows(count..<count + 1).copy(from: (whole ?? x).rows(row..<row + 1))
      if let debt { debts?.rows(count..<count + 1).copy(from: debt.rows(row..<row + 1)) }
      count += 1
    }
  }

  /// Keeps some of other rows.
  mutating func keep(_ other: HeldOutRows) {
    keep(
      other.x, whole: other.whole, debt: other.debt,
      hasWhole: other.wholeRows != nil || wholeRows != nil)
  }

  /// Makes room for more.
  private mutating func grow(hasWhole: Bool, outputs: Int) {
    let size = min(limit, max(64, 2 * count))
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

  /// Lets every second row go.
  private mutating func thin() {
    let kept = (count + 1) / 2
    // New memory: whoever has a copy of these rows keeps them.
    let (old, oldWhole, oldDebt) = (x, whole, debt)
    rows = Matrix(rows: limit, columns: columns)
    wholeRows = oldWhole.map { _ in Matrix(rows: limit, columns: columns) }
    debts = oldDebt.map { Matrix(rows: limit, columns: $0.columns) }
    for row in 0..<kept {
      rows.rows(row..<row + 1).copy(from: old.rows(2 * row..<2 * row + 1))
      if let oldWhole {
        wholeRows?.rows(row..<row + 1).copy(from: oldWhole.rows(2 * row..<2 * row + 1))
      }
      if let oldDebt {
        debts?.rows(row..<row + 1).copy(from: oldDebt.rows(2 * row..<2 * row + 1))
      }
    }
    count = kept
    step *= 2
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

  /// Takes a matrix of the same shape off this one.
  func subtract(_ other: Matrix) {
    precondition(other.rows == rows)
    for row in 0..<rows { setRow(row, self, minus: other) }
  }

  @unsafe private static func subtract(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    for index in 0..<count { unsafe target[index] = a[index] - b[index] }
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
