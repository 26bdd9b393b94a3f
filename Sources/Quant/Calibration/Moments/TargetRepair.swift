// SPDX-License-Identifier: MIT
internal import QuantEvaluation
internal import QuantModels

/// What moves weights towards those that undo the error of the layers before: W + a W S' H'⁻¹.
///
/// It is the least-squares solution for ‖W x_whole − W* x‖², damped towards W as H' is, and taken by a
/// part a.
final class TargetRepair: @unchecked Sendable {
  /// [n][n]: S, or S H'⁻¹ once it is solved.
  private let shifts: Matrix
  /// What makes S' of S, times a.
  private let factor: Float
  /// [outputs][n]: T, times what makes T' of it and b; what outputs are to make up for.
  private let debts: Matrix?
  private var isSolved = false

  /// Takes shifts; `nil` if there are none, or nothing is to be repaired.
  init?(
    _ moments: SecondMoments, pooled: SecondMoments?, _ damped: DampedForm,
    _ settings: CalibrationSettings, keepsMoments: Bool, _ workers: Workers
  ) throws(QuantError) {
    guard let own = moments.shifts, settings.repair != 0 else { return nil }
    debts = try moments.debts.map { debts throws(QuantError) in
      let scaled = keepsMoments ? Matrix(rows: debts.rows, columns: debts.columns) : debts
      try scaled.set(
        debts, times: damped.factors.own * Float(settings.debtRepair), nil, times: 0, workers)
      return scaled
    }
    let other = damped.factors.pooled > 0 ? pooled?.shifts : nil
    guard keepsMoments else {
      if let other {
        try own.set(own, times: damped.factors.own, other, times: damped.factors.pooled, workers)
      }
      shifts = own
      factor = Float(settings.repair) * (other == nil ? damped.factors.own : 1)
      return
    }
    let copy = Matrix(rows: own.rows, columns: own.columns)
    try copy.set(own, times: damped.factors.own, other, times: damped.factors.pooled, workers)
    shifts = copy
    factor = Float(settings.repair)
  }

  /// Solves for S H'⁻¹ if so many rows of weights make up for it.
  func solve(_ form: TriangularFactor, rows: Int, _ workers: Workers) throws(QuantError) {
    guard rows > shifts.rows else { return }
    let tile = 64
    let shifts = shifts
    try workers.forEach((shifts.rows + tile - 1) / tile) { (index, slot) throws(QuantError) in
      let rows = index * tile..<min((index + 1) * tile, shifts.rows)
      try form.solve(shifts.rows(rows), slot.products)
    }
    isSolved = true
  }

  /// The targets of some rows.
  func targets(
    of rows: Matrix, _ outputs: Range<Int>, _ form: TriangularFactor, into targets: Matrix,
    _ products: ProductCache
  ) throws(QuantError) {
    guard rows.rows > 0 else { return }
    try products.multiply(rows, shifts, transposed: false, into: targets)
    if !isSolved { try form.solve(targets, products) }
    targets.multiply(by: factor, adding: rows)
    guard let debts else { return }
    let debt = Matrix(rows: rows.rows, columns: rows.columns)
    debt.copy(from: debts.rows(outputs))
    try form.solve(debt, products)
    targets.add(debt)
  }
}
