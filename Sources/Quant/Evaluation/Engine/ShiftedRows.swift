// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// Rows of whole windows that are mixed with the row before: no window sees another.
struct ShiftedRows: Sendable {
  private let x: Matrix
  private let length: Int
  private let context: ForwardContext

  init(_ x: Matrix, length: Int, _ context: ForwardContext) {
    self.x = x
    self.length = length
    self.context = context
  }

  /// Mixes each row with the one before it, by shares one a column, and more of each row's own.
  ///
  /// The result may be made in the memory of `more`.
  func mixed(_ shares: [Float], more: Matrix? = nil) throws(QuantError) -> Matrix {
    precondition(shares.count == x.columns)
    let target = more ?? Matrix(rows: x.rows, columns: x.columns)
    try context.workers.forEach(x.rows / length) { (window, _) throws(QuantError) in
      let rows = window * length..<(window + 1) * length
      unsafe Optional(shares).withPointer { shares in
        guard let shares = unsafe shares else { return }
        unsafe KernelTable.current.layers.mixWithPrevious(
          x.rows(rows).floatRows, target.rows(rows).floatRows, rows: length, columns: x.columns,
          factors: shares, more: more?.rows(rows).floatRows)
      }
    }
    return target
  }
}

extension ForwardContext {
  /// W x + b, as a matrix of its own.
  func product(_ linear: Linear, matrix: Int = 0, of x: Matrix) throws(QuantError) -> Matrix {
    let y = Matrix(rows: x.rows, columns: linear.outputs)
    try LinearProduct(linear, matrix: matrix, in: self).run(x, into: y)
    return y
  }

  /// A product through a narrow vector.
  ///
  /// - Parameters:
  ///   - lowRank: The products.
  ///   - x: What goes in.
  ///   - inner: What is done to the narrow vector.
  ///   - outer: What is done to the result.
  /// - Returns: A row a token.
  /// - Throws: `QuantError` for weights that cannot be read.
  func product(
    _ lowRank: TimeMixGraph.LowRank, of x: Matrix, inner: GateActivation? = nil,
    outer: GateActivation? = nil
  ) throws(QuantError) -> Matrix {
    let narrow = try product(lowRank.down, of: x)
    if let inner { try activate(narrow, inner, into: narrow) }
    let wide = try product(lowRank.up, of: narrow)
    if let base = try vector(lowRank.base) { try add(base, to: wide) }
    if let outer { try activate(wide, outer, into: wide) }
    return wide
  }
}
