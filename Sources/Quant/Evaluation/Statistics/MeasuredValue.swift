// SPDX-License-Identifier: MIT

/// A value and its standard error.
public struct MeasuredValue: Sendable, Equatable, Codable {
  /// The value.
  public var value: Double
  /// One standard error.
  public var error: Double

  /// Makes one of its parts.
  public init(_ value: Double, error: Double) {
    self.value = value
    self.error = error
  }
}

/// Sums over numbers, for their mean and its error.
struct Moments: Sendable, Equatable {
  private(set) var count = 0
  private(set) var sum = 0.0
  private(set) var squares = 0.0

  mutating func add(_ value: Double) {
    count += 1
    sum += value
    squares += value * value
  }

  mutating func add(_ other: Moments) {
    count += other.count
    sum += other.sum
    squares += other.squares
  }

  /// The mean; its error is √((E[x²] - E[x]²) / (n - 1)), zero for fewer than two numbers.
  var mean: MeasuredValue {
    guard count > 0 else { return MeasuredValue(.nan, error: 0) }
    let mean = sum / Double(count)
    let variance = squares / Double(count) - mean * mean
    // Written so that NaN stays.
    guard count > 1, !(variance <= 0) else { return MeasuredValue(mean, error: 0) }
    return MeasuredValue(mean, error: (variance / Double(count - 1)).squareRoot())
  }
}
