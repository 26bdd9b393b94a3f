// SPDX-License-Identifier: MIT

/// A row of floats as its difference from another row, exactly, in as few bits as that takes.
///
/// The bits of two floats that are nearly the same, taken as whole numbers, have a small difference.
/// Sixteen of these follow a byte that says how many bits each of them has; the lowest come first.
package enum RowDifference {
  private static let group = 16

  /// The most bytes that a row of so many floats takes.
  package static func largestByteCount(of count: Int) -> Int {
    (count + group - 1) / group + 4 * count
  }

  /// How many bytes a row takes.
  package static func byteCount(of row: Span<Float>, from base: Span<Float>) -> Int {
    var count = 0
    for start in stride(from: 0, to: row.count, by: group) {
      let places = start..<min(start + group, row.count)
      count += 1 + (places.count * width(row, base, places) + 7) / 8
    }
    return count
  }

  /// Adds a row to bytes.
  package static func append(
    _ row: Span<Float>, from base: Span<Float>, to bytes: inout [UInt8]
  ) {
    for start in stride(from: 0, to: row.count, by: group) {
      let places = start..<min(start + group, row.count)
      let width = width(row, base, places)
      bytes.append(UInt8(width))
      var (pending, count): (UInt64, Int) = (0, 0)
      for place in places {
        pending |= UInt64(difference(row[place], base[place])) << UInt64(count)
        count += width
        while count >= 8 {
          bytes.append(UInt8(truncatingIfNeeded: pending))
          (pending, count) = (pending >> 8, count - 8)
        }
      }
      if count > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
    }
  }

  /// Restores a row from the first bytes.
  ///
  /// - Returns: How many bytes it took; `nil` if they are not a row.
  package static func restore(
    _ row: inout MutableSpan<Float>, from base: Span<Float>, _ bytes: Span<UInt8>
  ) -> Int? {
    var next = 0
    for start in stride(from: 0, to: row.count, by: group) {
      let places = start..<min(start + group, row.count)
      guard next < bytes.count, bytes[next] <= 32 else { return nil }
      let width = Int(bytes[next])
      next += 1
      guard next + (places.count * width + 7) / 8 <= bytes.count else { return nil }
      var (pending, count): (UInt64, Int) = (0, 0)
      for place in places {
        while count < width {
          pending |= UInt64(bytes[next]) << UInt64(count)
          (next, count) = (next + 1, count + 8)
        }
        let mask = (UInt64(1) << UInt64(width)) - 1
        row[place] = sum(base[place], UInt32(truncatingIfNeeded: pending & mask))
        (pending, count) = (pending >> UInt64(width), count - width)
      }
    }
    return next
  }

  /// The bits that the largest difference has.
  private static func width(
    _ row: Span<Float>, _ base: Span<Float>, _ places: Range<Int>
  ) -> Int {
    var bits: UInt32 = 0
    for place in places { bits |= difference(row[place], base[place]) }
    return 32 - bits.leadingZeroBitCount
  }

  /// How much more one float is than another, its sign in the lowest bit.
  private static func difference(_ number: Float, _ base: Float) -> UInt32 {
    let more = Int32(bitPattern: number.bitPattern &- base.bitPattern)
    return UInt32(bitPattern: (more << 1) ^ (more >> 31))
  }

  private static func sum(_ base: Float, _ difference: UInt32) -> Float {
    let more = (difference >> 1) ^ (0 &- (difference & 1))
    return Float(bitPattern: base.bitPattern &+ more)
  }
}
