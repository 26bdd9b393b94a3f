// SPDX-License-Identifier: MIT

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
  /// The sum of the squares of all numbers.
  func squares(_ matrix: Matrix) throws(QuantError) -> Double {
    let sums = Matrix(rows: 1, columns: matrix.columns)
    var total = 0.0
    // Sums of some thousand rows are in single precision and go on in double.
    for start in stride(from: 0, to: matrix.rows, by: 4096) {
      let rows = matrix.rows(start..<min(start + 4096, matrix.rows))
      sums.clear()
      try workers.forRanges(matrix.columns, atLeast: 64) { (columns, _) throws(QuantError) in
        unsafe LayerKernels.squares(
          rows.columns(columns).floatRows, rows: rows.rows, columns: columns.count,
          sums: sums.base + columns.lowerBound)
      }
      for column in 0..<matrix.columns { total += Double(sums[0, column]) }
    }
    return total
  }
}
