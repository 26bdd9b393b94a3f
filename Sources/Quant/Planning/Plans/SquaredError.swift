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
    let width = importance?.count ?? original.count
    var row = 0
    while row < original.count {
      let (x, y) = (original.extracting(row..<row + width), decoded.extracting(row..<row + width))
      if let importance {
        addRow(x, y) { importance[$0] }
      } else {
        addRow(x, y) { _ in 1 }
      }
      row += width
    }
  }

  /// Four sums side by side, so that no addition waits for the one before it; in double precision, as
  /// squares of large weights are beyond single.
  @inline(__always)
  private mutating func addRow(
    _ original: Span<Float>, _ decoded: Span<Float>, _ weight: (Int) -> Float
  ) {
    var errors = SIMD4<Double>.zero
    var squares = SIMD4<Double>.zero
    var index = 0
    while index + 4 <= original.count {
      for lane in 0..<4 {
        let place = index + lane
        let x = Double(original[place])
        let difference = x - Double(decoded[place])
        let w = Double(weight(place))
        errors[lane] += w * difference * difference
        squares[lane] += w * x * x
      }
      index += 4
    }
    for place in index..<original.count {
      let x = Double(original[place])
      let difference = x - Double(decoded[place])
      errors[0] += Double(weight(place)) * difference * difference
      squares[0] += Double(weight(place)) * x * x
    }
    error += errors.sum()
    reference += squares.sum()
  }
}
