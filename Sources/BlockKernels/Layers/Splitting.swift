// SPDX-License-Identifier: MIT

/// Splits numbers into two of 16 bits each (bfloat16), whose sum is within 2^-16 of the number.
///
/// - Parameters:
///   - source: Rows of `columns` finite numbers.
///   - high: Takes the nearest 16-bit numbers, rows packed.
///   - low: Takes the nearest to what is left; `nil` if it is not wanted.
///   - rows: How many rows.
///   - columns: Numbers a row.
@inlinable @inline(always)
public func splitRows(
  _ source: FloatRows, high: UnsafeMutablePointer<UInt16>, low: UnsafeMutablePointer<UInt16>?,
  rows: Int, columns: Int
) {
  for row in 0..<rows {
    let numbers = source[row]
    let highs = high + row * columns
    for column in 0..<columns {
      highs[column] = UInt16(
        truncatingIfNeeded: nearestUpperBits(numbers[column].bitPattern) >> 16)
    }
    guard let low else { continue }
    let lows = low + row * columns
    for column in 0..<columns {
      let nearest = nearestUpperBits(numbers[column].bitPattern) & 0xFFFF_0000
      let rest = numbers[column] - Float(bitPattern: nearest)
      lows[column] = UInt16(truncatingIfNeeded: nearestUpperBits(rest.bitPattern) >> 16)
    }
  }
}
