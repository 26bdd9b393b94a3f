// SPDX-License-Identifier: MIT

/// A set of numbers by its order.
public struct Distribution: Sendable, Equatable, Encodable {
  /// A share of the numbers, and the number that so many do not exceed.
  public struct Quantile: Sendable, Equatable, Encodable {
    /// The share, in percent.
    public let percent: Double
    /// The number, on the line between the two nearest.
    public let value: Double
  }

  /// The shares that are given, in percent.
  public static let percents = [0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9]

  /// The least number.
  public let minimum: Double
  /// The largest number.
  public let maximum: Double
  /// The numbers at `percents`.
  public let quantiles: [Quantile]

  /// The number that half of them do not exceed.
  public var median: Double { self[percent: 50] }

  /// Sorts numbers. Without any, all results are NaN.
  ///
  /// - Complexity: O(*n* log *n*).
  public init(_ numbers: [Float]) {
    let sorted = numbers.sorted()
    minimum = sorted.first.map(Double.init) ?? .nan
    maximum = sorted.last.map(Double.init) ?? .nan
    quantiles = Self.percents.map { percent in
      Quantile(percent: percent, value: Self.value(at: percent / 100, of: sorted))
    }
  }

  /// The number at one of `percents`; NaN for another.
  public subscript(percent percent: Double) -> Double {
    quantiles.first { $0.percent == percent }?.value ?? .nan
  }

  private static func value(at share: Double, of sorted: [Float]) -> Double {
    guard let last = sorted.indices.last else { return .nan }
    let place = share * Double(last)
    let index = min(Int(place), last)
    let part = place - Double(index)
    return (1 - part) * Double(sorted[index]) + part * Double(sorted[min(index + 1, last)])
  }
}
