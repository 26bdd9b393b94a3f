// SPDX-License-Identifier: MIT

/// A sum that is the same to the last bit in whatever order, and in whatever groups, numbers are added.
///
/// A 128-bit integer of units of 2⁻⁶⁴. Each number is rounded towards zero to such units: a single-
/// precision number from 2⁻⁴⁰ on, and a double-precision one from 2⁻¹¹ on, exactly. After that only
/// integers are added, which rounds nothing. Numbers of 2⁶² and more, and what is not a number, make the
/// sum NaN for good.
public struct ExactSum: Sendable, Equatable {
  /// Units of the sum; `none` once it is NaN.
  private(set) var units: Int128

  private static let none = Int128.min
  /// Bits of a unit below one.
  private static let fraction = 64

  /// Zero.
  public init() { units = 0 }

  /// A sum as `words` gave it.
  init(low: UInt64, high: UInt64) {
    units = Int128(truncatingIfNeeded: high) << 64 | Int128(low)
  }

  /// The lower and the upper half of the units, for files.
  var words: (low: UInt64, high: UInt64) {
    (UInt64(truncatingIfNeeded: units), UInt64(truncatingIfNeeded: units >> 64))
  }

  /// Adds a number.
  public mutating func add(_ number: Double) {
    guard abs(number) < 0x1p62 else { return units = Self.none }
    // What is smaller than all normal numbers is far below a unit.
    let exponent = Int(number.exponentBitPattern) - 1075 + Self.fraction
    guard exponent > -53 else { return }
    let digits = Int128(number.significandBitPattern | 1 << 52)
    let magnitude = exponent >= 0 ? digits << Int128(exponent) : digits >> Int128(-exponent)
    add(number < 0 ? -magnitude : magnitude)
  }

  /// Adds another sum.
  public mutating func add(_ other: ExactSum) {
    guard other.units != Self.none else { return units = Self.none }
    add(other.units)
  }

  private mutating func add(_ more: Int128) {
    guard units != Self.none else { return }
    let (sum, overflow) = units.addingReportingOverflow(more)
    units = overflow ? Self.none : sum
  }

  /// The sum, within two roundings; NaN if a number could not be added.
  public var value: Double {
    guard units != Self.none else { return .nan }
    let size = units.magnitude
    let (low, high) = (
      UInt64(truncatingIfNeeded: size), UInt64(truncatingIfNeeded: size >> 64)
    )
    let magnitude = Double(high) + Double(low) * 0x1p-64
    return units < 0 ? -magnitude : magnitude
  }
}

extension ExactSum: Codable {
  /// Reads the units as a decimal number in a text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let units = Int128(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a sum")
    }
    self.units = units
  }

  /// Writes the units as a decimal number in a text: JSON's own numbers are not so long everywhere.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(String(units))
  }
}
