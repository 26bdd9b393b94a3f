// SPDX-License-Identifier: MIT

/// How far two runs of weights are apart, of a fixed size however many there are.
public struct DifferenceSums: Sendable, Hashable {
  /// The number of weights.
  public private(set) var count = 0
  /// Σ (x − y)².
  public private(set) var error = 0.0
  /// The largest |x − y|.
  public private(set) var largest = 0.0
  private var firstSquares = 0.0
  private var secondSquares = 0.0
  private var products = 0.0

  /// No weights yet.
  public init() {}

  /// The relative error √(Σ (x − y)² / Σ y²), y being what x is compared with; `nil` where all of that
  /// is zero and x is not.
  public var relativeError: Double? {
    if error == 0 { return 0 }
    return secondSquares > 0 ? (error / secondSquares).squareRoot() : error.isNaN ? error : nil
  }

  /// The cosine of the angle between the two: Σ x y / √(Σ x² Σ y²); `nil` where one is zero.
  public var cosine: Double? {
    let length = firstSquares.squareRoot() * secondSquares.squareRoot()
    return length == 0 ? nil : products / length
  }

  /// Adds the sums of other weights.
  mutating func add(_ other: DifferenceSums) {
    count += other.count
    error += other.error
    largest = max(largest, other.largest)
    firstSquares += other.firstSquares
    secondSquares += other.secondSquares
    products += other.products
  }

  /// Adds weights: four sums side by side, in double precision, as squares of large weights are beyond
  /// single.
  mutating func add(_ first: Span<Float>, _ second: Span<Float>) {
    precondition(first.count == second.count, "as many weights in both")
    var errors = SIMD4<Double>.zero
    var (xx, yy, xy) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero)
    var peak = SIMD4<Double>.zero
    for start in stride(from: 0, to: first.count, by: 4) {
      var (x, y) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
      for lane in 0..<min(4, first.count - start) {
        x[lane] = Double(first[start + lane])
        y[lane] = Double(second[start + lane])
      }
      let difference = x - y
      errors += difference * difference
      xx += x * x
      yy += y * y
      xy += x * y
      peak = pointwiseMax(peak, pointwiseMax(difference, -difference))
    }
    count += first.count
    error += errors.sum()
    firstSquares += xx.sum()
    secondSquares += yy.sum()
    products += xy.sum()
    largest = max(largest, peak.max())
  }
}
