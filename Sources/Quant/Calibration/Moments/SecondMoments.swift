// SPDX-License-Identifier: MIT
package import QuantEvaluation
package import QuantModels

/// Second moments of what goes into a matrix: Σ xᵀ x over rows x, and perhaps Σ (x_whole − x)ᵀ x, where
/// x_whole is what the whole model has in the place of x.
///
/// Rows are collected in pieces of a fixed number, and a piece is one product a tile of the sums, in
/// single precision. So the sums depend on the rows and their order alone: not on threads, nor on how
/// many rows come in one call.
///
/// Whoever adds to them answers for one call at a time.
///
/// Memory: n² floats for n columns, twice as many with shifts, 512 n for the piece (twice with shifts),
/// and the rows kept apart.
package final class SecondMoments: @unchecked Sendable {
  /// Rows of a product.
  package static let pieceRows = 512

  /// Numbers of a row.
  package let columns: Int
  /// Rows added to the sums.
  package private(set) var tokens = 0
  /// [n][n]: Σ xᵀ x. Until `finish`, only tiles on and above the diagonal are filled.
  package private(set) var sums: Matrix
  /// [n][n]: Σ (x_whole − x)ᵀ x; entry (i, j) is Σ (x_whole − x)_i x_j. `nil` if they are not wanted.
  package private(set) var shifts: Matrix?
  /// [outputs][n]: Σ rᵀ x, r being what outputs are to make up for beside their own error. `nil` if there
  /// is nothing.
  package private(set) var debts: Matrix?
  /// Rows kept apart, which are not in the sums.
  package private(set) var heldOut: HeldOutRows
  /// Whose input the rows are, for errors.
  package let name: String

  /// [n][pieceRows]: the rows that are not in the sums yet, a column each, and how many there are.
  private var piece: Matrix
  private var difference: Matrix?
  private var debt: Matrix?
  private var filled = 0

  /// Begins with nothing.
  ///
  /// - Parameters:
  ///   - columns: Numbers of a row.
  ///   - hasShifts: Whether rows of the whole model come, too.
  ///   - heldOutLimit: The most rows that are kept apart.
  ///   - outputs: Numbers that outputs are to make up for in each row; 0 for none.
  ///   - name: Whose input the rows are, for errors: a tensor, and which of its matrices.
  package init(
    columns: Int, hasShifts: Bool, heldOutLimit: Int, outputs: Int = 0, name: String = ""
  ) {
    precondition(columns > 0 && heldOutLimit >= 0)
    self.columns = columns
    self.name = name
    sums = Matrix(rows: columns, columns: columns)
    sums.clear()
    shifts = hasShifts ? Matrix(rows: columns, columns: columns) : nil
    shifts?.clear()
    debts = outputs > 0 ? Matrix(rows: outputs, columns: columns) : nil
    debts?.clear()
    heldOut = HeldOutRows(columns: columns, limit: heldOutLimit)
    piece = Matrix(rows: columns, columns: Self.pieceRows)
    difference = hasShifts ? Matrix(rows: columns, columns: Self.pieceRows) : nil
    debt = outputs > 0 ? Matrix(rows: outputs, columns: Self.pieceRows) : nil
  }

  /// Takes sums that are finished, as they were read from a file.
  package init(sums: Matrix, tokens: Int, heldOut: HeldOutRows, name: String) {
    precondition(sums.rows == sums.columns && heldOut.columns == sums.columns)
    columns = sums.columns
    self.tokens = tokens
    self.sums = sums
    self.heldOut = heldOut
    self.name = name
    piece = Matrix(rows: 0, columns: 0)
  }

  /// The same without rows kept apart; the sums are shared.
  func withoutHeldOut() -> SecondMoments {
    SecondMoments(
      sums: sums, tokens: tokens, heldOut: HeldOutRows(columns: columns, limit: 0), name: name)
  }

  /// Adds rows.
  ///
  /// - Parameters:
  ///   - x: The rows.
  ///   - whole: The whole model's rows of the same tokens; `nil` if they are the same.
  ///   - debt: What outputs are to make up for in each row, if anything.
  ///   - workers: Threads to work with.
  /// - Throws: Nothing of its own.
  /// - Complexity: *n*² products a row; shifts cost twice as much again.
  package func add(
    _ x: Matrix, whole: Matrix? = nil, debt: Matrix? = nil, _ workers: Workers
  ) throws(QuantError) {
    precondition((debt == nil) == (debts == nil))
    precondition(x.columns == columns && (whole == nil || whole?.rows == x.rows))
    if piece.rows == 0 { allocatePiece() }
    var start = 0
    while start < x.rows {
      let rows = start..<start + min(Self.pieceRows - filled, x.rows - start)
      try collect(x.rows(rows), whole?.rows(rows), debt?.rows(rows), workers)
      start = rows.upperBound
      if filled == Self.pieceRows { try addPiece(workers) }
    }
    tokens += x.rows
  }

  /// Keeps rows of windows that are held out: all up to the limit, then some, evenly spread.
  package func keepApart(_ x: Matrix, whole: Matrix? = nil, debt: Matrix? = nil) {
    heldOut.keep(x, whole: whole, debt: debt, hasWhole: shifts != nil)
  }

  /// Adds what is left, and fills in what lies below the diagonal. More rows can be added afterwards, and
  /// this be called again.
  ///
  /// - Parameter workers: Threads to work with.
  /// - Throws: `QuantError.content` if a sum is not finite: rows that are not, or too large ones.
  package func finish(_ workers: Workers) throws(QuantError) {
    if filled > 0 { try addPiece(workers) }
    piece = Matrix(rows: 0, columns: 0)
    (difference, debt) = (nil, nil)
    try MomentTiles(columns).mirror(sums, workers)
    try check(workers)
  }

  /// Lets go of the sums, which somebody else has taken over, or nobody needs. Rows kept apart stay.
  package func releaseSums() {
    sums = Matrix(rows: 0, columns: 0)
    (shifts, debts) = (nil, nil)
  }
}

// MARK: Parts

extension SecondMoments {
  /// Adds other rows' sums; both are finished.
  ///
  /// Rows kept apart are added as if they came one by one.
  ///
  /// - Parameters:
  ///   - other: The other rows' moments, of as many columns, with shifts if these have some.
  ///   - workers: Threads to work with.
  /// - Throws: `QuantError.content` if a sum becomes too large.
  package func add(_ other: SecondMoments, _ workers: Workers) throws(QuantError) {
    precondition(other.columns == columns && filled == 0 && other.filled == 0)
    precondition((other.shifts == nil) == (shifts == nil))
    let pairs = [(sums, other.sums)] + zip([shifts], [other.shifts]).compactMap(Self.both)
    for (own, more) in pairs {
      try workers.forRanges(columns, atLeast: 8) { (rows, _) throws(QuantError) in
        for row in rows {
          own.withMutableRow(row) { own in
            more.withRow(row) { more in
              for column in own.indices { own[column] += more[column] }
            }
          }
        }
      }
    }
    tokens += other.tokens
    heldOut.keep(other.heldOut)
    try check(workers)
  }

  private static func both(_ a: Matrix?, _ b: Matrix?) -> (Matrix, Matrix)? {
    guard let a, let b else { return nil }
    return (a, b)
  }

  /// Refuses sums that are not finite.
  private func check(_ workers: Workers) throws(QuantError) {
    for column in 0..<columns where !sums[column, column].isFinite {
      throw error("\(sums[column, column])", column)
    }
    // No sum of products is above those of squares, unless one that was lost in rounding.
    for matrix in [sums, shifts].compactMap({ $0 }) {
      guard let (row, column) = try MomentTiles(columns).firstNotFinite(matrix, workers)
      else { continue }
      throw error("\(matrix[row, column])", column)
    }
  }

  /// An error for a sum that is not finite.
  func error(_ found: String, _ column: Int) -> QuantError {
    let whose = name.isEmpty ? "" : " of \(name)"
    return .content(
      file: "", line: 0,
      what: "second moments\(whose): expected finite sums, found \(found) in column \(column)")
  }

  private func allocatePiece() {
    piece = Matrix(rows: columns, columns: Self.pieceRows)
    difference = shifts == nil ? nil : Matrix(rows: columns, columns: Self.pieceRows)
    debt = debts.map { Matrix(rows: $0.rows, columns: Self.pieceRows) }
  }

  /// Copies rows into the piece.
  private func collect(
    _ x: Matrix, _ whole: Matrix?, _ debt: Matrix?, _ workers: Workers
  ) throws(QuantError) {
    let places = filled..<filled + x.rows
    if let debt, let target = self.debt?.columns(places) {
      try workers.forRanges(debt.columns, atLeast: 64) { (range, _) throws(QuantError) in
        target.setTransposed(debt, less: nil, rows: range)
      }
    }
    let (target, difference) = (piece.columns(places), difference?.columns(places))
    try workers.forRanges(columns, atLeast: 64) { (range, _) throws(QuantError) in
      target.setTransposed(x, less: nil, rows: range)
      if let whole {
        difference?.setTransposed(whole, less: x, rows: range)
      } else {
        difference?.rows(range).clear()
      }
    }
    filled += x.rows
  }

  private func addPiece(_ workers: Workers) throws(QuantError) {
    let rows = piece.columns(0..<filled)
    let tiles = MomentTiles(columns)
    try tiles.add(rows, rows, to: sums, isSymmetric: true, workers)
    if let shifts, let difference {
      try tiles.add(difference.columns(0..<filled), rows, to: shifts, isSymmetric: false, workers)
    }
    if let debts, let debt {
      try MomentTiles.add(debt.columns(0..<filled), rows, to: debts, workers)
    }
    filled = 0
  }
}
