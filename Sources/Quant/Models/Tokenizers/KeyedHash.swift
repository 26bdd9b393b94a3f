// SPDX-License-Identifier: MIT

/// Hashes for tables whose keys come from files: with keys of its own that each process draws anew, so
/// that no file can be made whose strings collide.
///
/// A string is a polynomial over the field of 2⁶¹ - 1, its words of 7 bytes the coefficients, evaluated
/// at a secret point: two strings of *n* words agree for at most *n* + 1 of the 2⁶¹ points. Two
/// multiplications by secret numbers then spread the values over a table.
package struct KeyedHash: Sendable {
  /// The one that all tables use. Nothing but time depends on it.
  package static let ofProcess = {
    var random = SystemRandomNumberGenerator()
    return KeyedHash(using: &random)
  }()

  private static let prime: UInt64 = (1 << 61) - 1
  private static let bytesPerWord = 7

  private let point: UInt64
  private let masks: (UInt64, UInt64)
  private let factors: (UInt64, UInt64)

  /// Draws the keys.
  package init(using random: inout some RandomNumberGenerator) {
    point = .random(in: 0..<Self.prime, using: &random)
    masks = (random.next(), random.next())
    factors = (random.next() | 1, random.next() | 1)
  }

  /// The hash of a number.
  package func callAsFunction(_ number: UInt64) -> UInt32 {
    let first = Self.folded(number ^ masks.0, factors.0)
    return UInt32(truncatingIfNeeded: Self.folded(first ^ masks.1, factors.1))
  }

  /// The hash of a string that is part of a text.
  package func callAsFunction(_ text: [UInt8], _ range: Range<Int>) -> UInt32 {
    var sum = UInt64(range.count)
    var place = range.lowerBound
    repeat {
      let end = min(place + Self.bytesPerWord, range.upperBound)
      var word: UInt64 = 0
      while place < end {
        word = word << 8 | UInt64(text[place])
        place += 1
      }
      sum = next(sum, word)
    } while place < range.upperBound
    return self(sum)
  }

  /// `sum` times the point, and a word; below 2⁶² and not always reduced to the field.
  private func next(_ sum: UInt64, _ word: UInt64) -> UInt64 {
    let (high, low) = sum.multipliedFullWidth(by: point)
    let total = (low & Self.prime) &+ (high << 3 | low >> 61) &+ word
    return (total & Self.prime) &+ (total >> 61)
  }

  /// The upper and the lower half of a product, which both depend on all bits.
  private static func folded(_ number: UInt64, _ factor: UInt64) -> UInt64 {
    let (high, low) = number.multipliedFullWidth(by: factor)
    return high ^ low
  }
}
