// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// The quadratic form H' = (H + λ m I + δ diag H) / mean(diag H) of second moments H per token.
///
/// m is the mean of the diagonal, numbers above `outlier` medians of it counting as so much: a few
/// columns with massive numbers, as many models have, would otherwise damp all others away. δ covers what
/// single precision rounds where columns are massive.
final class DampedForm: @unchecked Sendable {
  /// [n][n]: H'.
  let form: Matrix
  /// The diagonal without damping.
  let importance: [Float]
  /// λ.
  private(set) var damping: Float
  /// α.
  let pooling: Float
  let effectiveRank: Double
  let tokensPerColumn: Double
  /// What a sum of the moments, and of pooled ones, is multiplied with.
  let factors: (own: Float, pooled: Float)
  /// m / mean(diag H).
  private let level: Double

  /// Medians of the diagonal beyond which a number counts no further.
  private static let outlier: Float = 16
  /// δ where λ is 1: with it, δ grows when it does not suffice.
  private static let roundingPart = 0x1p-10

  /// Damps moments.
  init(
    _ moments: SecondMoments, pooled: SecondMoments?, _ settings: CalibrationSettings,
    keepsMoments: Bool, _ workers: Workers
  ) throws(QuantError) {
    let columns = moments.columns
    precondition(moments.sums.rows == columns && (pooled?.columns ?? columns) == columns)
    tokensPerColumn = Double(moments.tokens) / Double(columns)
    effectiveRank = try moments.sums.effectiveRank(workers)
    let other = pooled.flatMap { $0.tokens > 0 ? $0 : nil }
    let choice = Regularization(
      tokensPerColumn: tokensPerColumn, damping: settings.damping, isPooled: other != nil)
    pooling = Float(choice.pooling)
    factors = Self.factors(moments, other, pooling: choice.pooling)
    form = keepsMoments ? Matrix(rows: columns, columns: columns) : moments.sums
    try form.set(moments.sums, times: factors.own, other?.sums, times: factors.pooled, workers)
    let form = form
    importance = (0..<columns).map { form[$0, $0] }
    level = Self.level(importance)
    damping = Float(level > 0 ? choice.damping : 1)
    try checkImportance(of: moments)
    addDamping(Double(damping))
  }

  /// Factorizes, with more damping where it must be.
  func factorized(group: Int, _ workers: Workers) throws(QuantError) -> TriangularFactor {
    while true {
      if let factor = try TriangularFactor(form, group: group, workers) { return factor }
      addDamping(2 * Double(damping))
      damping *= 3
    }
  }

  private func addDamping(_ more: Double) {
    for column in importance.indices {
      let own = Self.roundingPart * Double(importance[column])
      form[column, column] += Float(more * ((level > 0 ? level : 1) + own))
    }
  }

  private func checkImportance(of moments: SecondMoments) throws(QuantError) {
    guard let bad = importance.firstIndex(where: { !$0.isFinite || $0 < 0 }) else { return }
    throw moments.error("\(importance[bad])", bad)
  }

  private static func factors(
    _ moments: SecondMoments, _ pooled: SecondMoments?, pooling: Double
  ) -> (Float, Float) {
    var own = (1 - pooling) / Double(max(1, moments.tokens))
    var other = pooling / Double(max(1, pooled?.tokens ?? 1))
    let mean =
      (own * moments.sums.trace + other * (pooled?.sums.trace ?? 0)) / Double(moments.columns)
    if mean > 0 { (own, other) = (own / mean, other / mean) }
    return (Float(own), Float(other))
  }

  /// The mean of a diagonal with large numbers cut off.
  private static func level(_ diagonal: [Float]) -> Double {
    let alive = diagonal.filter { $0 > 0 }.sorted()
    guard !alive.isEmpty else { return 0 }
    let most = outlier * alive[alive.count / 2]
    return diagonal.reduce(0.0) { $0 + Double(min($1, most)) } / Double(diagonal.count)
  }
}

extension Matrix {
  /// The sum of the diagonal.
  var trace: Double { (0..<min(rows, columns)).reduce(0.0) { $0 + Double(self[$1, $1]) } }

  /// (Σ eigenvalues)² / Σ eigenvalues², of a symmetric matrix; 0 if it is zero.
  func effectiveRank(_ workers: Workers) throws(QuantError) -> Double {
    let squares = Locked([Double](repeating: 0, count: rows))
    try workers.forRanges(rows, atLeast: 8) { (range, _) throws(QuantError) in
      let sums = range.map { rows($0..<$0 + 1).sumOfSquares() }
      squares.withLock { squares in
        for (row, sum) in zip(range, sums) { squares[row] = sum }
      }
    }
    let sum = squares.withLock { $0.reduce(0, +) }
    return sum > 0 ? trace * trace / sum : 0
  }

  /// this = a · x + b · y; x may be this one.
  func set(
    _ x: Matrix, times a: Float, _ y: Matrix?, times b: Float, _ workers: Workers
  ) throws(QuantError) {
    precondition(x.rows == rows && x.columns == columns)
    try workers.forRanges(rows, atLeast: 8) { (range, _) throws(QuantError) in
      for row in range {
        unsafe Self.scale(x.base + row * x.stride, a, into: base + row * stride, columns)
        if let y, b != 0 {
          unsafe Self.add(y.base + row * y.stride, b, to: base + row * stride, columns)
        }
      }
    }
  }

  /// this = x + a · this, for rows that one thread has.
  func multiply(by a: Float, adding x: Matrix) {
    precondition(x.rows == rows && x.columns == columns)
    for row in 0..<rows {
      let target = unsafe base + row * stride
      unsafe Self.scale(target, a, into: target, columns)
      unsafe Self.add(x.base + row * x.stride, 1, to: target, columns)
    }
  }

  @unsafe private static func scale(
    _ x: UnsafePointer<Float>, _ a: Float, into target: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    for index in 0..<count { unsafe target[index] = a * x[index] }
  }

  @unsafe private static func add(
    _ x: UnsafePointer<Float>, _ a: Float, to target: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    for index in 0..<count { unsafe target[index] += a * x[index] }
  }
}
