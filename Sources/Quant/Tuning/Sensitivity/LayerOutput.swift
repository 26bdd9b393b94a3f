// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantEvaluation
internal import QuantModels

/// What attention or the feed-forward network of a layer gives, and what it is added to.
struct LayerOutput {
  /// The states before it.
  let x: Matrix
  /// What it gives for them.
  let y: Matrix
  /// A norm of that, before it is added.
  let norm: Norm?
  /// A factor on it.
  let scale: Float
  let context: ForwardContext

  /// The first states as they are after it if it gives something else.
  ///
  /// - Parameters:
  ///   - change: What is added to its output, for as many tokens as there are rows; overwritten.
  ///   - target: Takes the states.
  /// - Throws: `QuantError` for a norm that cannot be read.
  func states(changedBy change: Matrix, into target: Matrix) throws(QuantError) {
    let rows = 0..<change.rows
    try context.add(y.rows(rows), times: 1, to: change)
    target.copy(from: x.rows(rows))
    try add(change, to: target)
  }

  /// Goes on from it: afterwards `x` holds the states after it, and `y` is used up.
  func finish() throws(QuantError) { try add(y, to: x) }

  private func add(_ output: Matrix, to target: Matrix) throws(QuantError) {
    if let norm { try context.normalize(output, by: norm, into: output) }
    try context.add(output, times: scale, to: target)
  }
}

extension ForwardContext {
  /// The sum of the squares of all numbers in rows of windows.
  ///
  /// Sums of a window's rows are in single precision, those over columns in double, and those of
  /// windows exact: they do not depend on which windows there are beside each other.
  func squares(_ matrix: Matrix, of windows: [Range<Int>]) throws(QuantError) -> ExactSum {
    let found = RowResults<Double>(windows.count)
    try workers.forEach(windows.count) { (index, _) throws(QuantError) in
      let rows = matrix.rows(windows[index])
      let sums = Matrix(rows: 1, columns: matrix.columns)
      sums.clear()
      unsafe KernelTable.current.layers.squares(
        rows.floatRows, rows: rows.rows, columns: rows.columns, sums: sums.base)
      found[index] = (0..<rows.columns).reduce(0.0) { $0 + Double(sums[0, $1]) }
    }
    var total = ExactSum()
    for index in windows.indices { total.add(found[index] ?? 0) }
    return total
  }

  /// That of rows that are whole windows.
  func squares(_ matrix: Matrix) throws(QuantError) -> ExactSum {
    try squares(matrix, of: windows(of: matrix.rows))
  }
}
