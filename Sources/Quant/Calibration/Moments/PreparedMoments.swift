// SPDX-License-Identifier: MIT
package import QuantEvaluation
package import QuantModels

/// Second moments as an encoder takes them: damped, normalised and factorized; the same for all matrices
/// that share an input and whose format chooses so many weights together.
///
/// H' = (H + λ m I + δ diag H) / mean(diag H), where H is per token, and m the mean of the diagonal with
/// large numbers cut off (`DampedForm`). H' = A D Aᵀ (`TriangularFactor`).
///
/// Memory, n columns: n² floats for H', as many for A, and with shifts as many again; n² each for the
/// moments themselves unless these are given up.
package struct PreparedMoments: Sendable {
  /// Columns of the matrices.
  package let columns: Int
  /// Weights that the format chooses together.
  package let group: Int
  /// [n][n]: H', symmetric.
  package let form: Matrix
  /// [n/g][g][g]: H'_GG, for coordinate descent.
  package let formMetrics: [Float]
  /// [n/g][g][g]: the inverses of those.
  package let formInverses: [Float]
  /// The diagonal of H without damping, its mean being 1: for a format's own search.
  package let importance: [Float]
  /// λ as it was needed in the end.
  package let damping: Float
  /// α: the part of the pooled moments.
  package let pooling: Float
  /// (Σ eigenvalues of H)² / Σ eigenvalues²: about how many directions the rows have; 0 without rows.
  package let effectiveRank: Double
  /// Rows in the sums by columns: below about 1 there is too little text.
  package let tokensPerColumn: Double

  private let factor: TriangularFactor
  private let repair: TargetRepair?

  /// [n][n]: A without the identity, zero on and below the diagonal's blocks.
  package var coefficients: Matrix { factor.coefficients }
  /// [n/g][g][g]: D_G, for the sweep.
  package var metrics: [Float] { factor.metrics }

  /// Prepares moments.
  ///
  /// - Parameters:
  ///   - moments: What was gathered, finished.
  ///   - pooled: What was gathered for all experts of the layer, finished; used where an expert has few
  ///     tokens. Only where columns mean the same for all of them.
  ///   - group: Columns that are chosen together: a divisor of 128 and of the number of columns.
  ///   - settings: The least damping, and how far errors of earlier layers are repaired.
  ///   - rows: Rows of all matrices to be encoded with them: where they are more than columns, what repairs
  ///     need is solved for once.
  ///   - keepsMoments: Whether `moments` are left as they are; if not, their memory is used and they are
  ///     empty afterwards, but for rows kept apart.
  ///   - workers: Threads to work with.
  /// - Throws: `QuantError.content` for moments that are not finite.
  /// - Complexity: *n*³/3 products for the factorization, 2 *n*³ more where `rows` are many.
  package init(
    _ moments: SecondMoments, pooled: SecondMoments? = nil, group: Int,
    settings: CalibrationSettings, rows: Int = 0, keepsMoments: Bool = true, _ workers: Workers
  ) throws(QuantError) {
    let damped = try DampedForm(
      moments, pooled: pooled, settings, keepsMoments: keepsMoments, workers)
    let factor = try damped.factorized(group: group, workers)
    let repair = try TargetRepair(
      moments, pooled: pooled, damped, settings, keepsMoments: keepsMoments, workers)
    try repair?.solve(factor, rows: rows, workers)
    if !keepsMoments { moments.releaseSums() }
    self.init(damped, factor, repair)
  }

  private init(_ damped: DampedForm, _ factor: TriangularFactor, _ repair: TargetRepair?) {
    columns = factor.columns
    group = factor.group
    form = damped.form
    (formMetrics, formInverses) = damped.form.blocks(of: factor.group)
    importance = damped.importance
    damping = damped.damping
    pooling = damped.pooling
    effectiveRank = damped.effectiveRank
    tokensPerColumn = damped.tokensPerColumn
    self.factor = factor
    self.repair = repair
    self.damped = damped
  }

  private let damped: DampedForm

  /// The same for matrices whose format chooses another number of weights together; H' is shared.
  ///
  /// - Parameters:
  ///   - group: Columns that are chosen together.
  ///   - workers: Threads to work with.
  /// - Returns: Moments with their own factorization.
  /// - Throws: Nothing of its own.
  /// - Complexity: *n*³/3 products, and memory of *n*² floats.
  package func regrouped(_ group: Int, _ workers: Workers) throws(QuantError) -> PreparedMoments {
    guard group != self.group else { return self }
    let factor = try damped.factorized(group: group, workers)
    return PreparedMoments(damped, factor, repair)
  }

  /// Where rows of weights should go: W + a W S' H'⁻¹, for one thread.
  ///
  /// - Parameters:
  ///   - rows: Rows of W.
  ///   - outputs: Which rows of the matrix they are.
  ///   - targets: As many rows for the result.
  ///   - products: That thread's.
  /// - Throws: Nothing of its own.
  /// - Complexity: 2 *n*² or 4 *n*² operations a row with shifts; none without.
  package func targets(
    of rows: Matrix, _ outputs: Range<Int>, into targets: Matrix, _ products: ProductCache
  ) throws(QuantError) {
    precondition(rows.columns == columns && targets.rows == rows.rows)
    guard let repair else { return targets.copy(from: rows) }
    try repair.targets(of: rows, outputs, factor, into: targets, products)
  }
}

extension Matrix {
  /// The blocks on the diagonal, and their inverses; the matrix is positive definite.
  func blocks(of group: Int) -> (blocks: [Float], inverses: [Float]) {
    var blocks: [Float] = []
    var inverses = [Float](repeating: 0, count: rows * group)
    for first in Swift.stride(from: 0, to: rows, by: group) {
      for index in 0..<group * group {
        blocks.append(self[first + index / group, first + index % group])
      }
      guard group > 1 else {
        inverses[first] = 1 / self[first, first]
        continue
      }
      let square = PanelSquare(self, first..<first + group, group: group)
      // A block of a matrix that was factorized is positive definite.
      guard square.factorize(limits: Array(repeating: 0, count: group)) else { continue }
      square.writeInverses(&inverses)
    }
    return (blocks, inverses)
  }
}
