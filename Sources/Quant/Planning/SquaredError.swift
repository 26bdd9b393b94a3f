// SPDX-License-Identifier: MIT

/// What quantizing did to some weights: Σ w (x − y)² and Σ w x², w being the importance of the
/// column, or 1.
public struct SquaredError: Sendable, Hashable {
  /// The weighted sum of squared differences.
  public private(set) var error = 0.0
  /// The weighted sum of squares of the original.
  public private(set) var reference = 0.0

  /// No weights yet.
  public init() {}

  init(error: Double, reference: Double) {
    self.error = error
    self.reference = reference
  }

  /// The relative error √(Σ w (x − y)² / Σ w x²); zero where there is nothing to compare with.
  public var relative: Double { reference > 0 ? (error / reference).squareRoot() : 0 }

  /// Adds the sums of other weights.
  mutating func add(_ other: SquaredError) {
    error += other.error
    reference += other.reference
  }

  /// Adds rows compared with what they became.
  ///
  /// - Parameters:
  ///   - original: Whole rows.
  ///   - decoded: The same rows after encoding and decoding.
  ///   - importance: A weight for each column of every row, or `nil` for 1.
  mutating func add(_ original: Span<Float>, _ decoded: Span<Float>, importance: Span<Float>?) {
    precondition(original.count == decoded.count)
    guard let importance else {
      for index in original.indices { add(original[index], decoded[index], 1) }
      return
    }
    var row = 0
    while row < original.count {
      for column in importance.indices {
        add(original[row + column], decoded[row + column], importance[column])
      }
      row += importance.count
    }
  }

  /// In double precision, as squares of large weights are beyond single.
  @inline(__always)
  private mutating func add(_ original: Float, _ decoded: Float, _ weight: Float) {
    let difference = Double(original) - Double(decoded)
    error += Double(weight) * difference * difference
    reference += Double(weight) * Double(original) * Double(original)
  }
}
