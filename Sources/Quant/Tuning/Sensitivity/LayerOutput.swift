// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantEvaluation
internal import QuantModels

/// What one branch of a step gives, and what becomes of it.
struct LayerOutput {
  /// The step.
  let pass: StepPass
  /// The branch.
  let branch: Int
  /// The states before the step.
  let states: Matrix
  /// The step's input.
  let input: StepInput
  /// What the branch gives, before its norm.
  let y: Matrix
  /// What the other branches give together; `nil` if there are none.
  let others: Matrix?
  var context: ForwardContext { pass.context }

  /// The first states as they are after the step if the branch gives something else.
  ///
  /// - Parameters:
  ///   - change: What is added to its output, for as many tokens as there are rows; overwritten.
  ///   - target: Takes the states.
  /// - Throws: `QuantError` for a norm that cannot be read.
  func states(changedBy change: Matrix, into target: Matrix) throws(QuantError) {
    let rows = 0..<change.rows
    try context.add(y.rows(rows), times: 1, to: change)
    target.copy(from: states.rows(rows))
    try finish(change, into: target)
  }

  /// Goes on from the branch's output in place: afterwards `target` holds the states after the step.
  private func finish(_ output: Matrix, into target: Matrix) throws(QuantError) {
    let rows = 0..<output.rows
    try pass.finish(branch, output)
    if let others { try context.add(others.rows(rows), times: 1, to: output) }
    try pass.join(output, input.rows(rows), to: target)
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
