// SPDX-License-Identifier: MIT

extension FixedWidthInteger {
  /// The bytes of the number, the lowest first.
  @inlinable package var littleEndianBytes: [UInt8] { CollectionOfOne(self).littleEndianBytes }
}

extension Sequence where Element: FixedWidthInteger {
  /// The bytes of all numbers one after the other, the lowest of each first.
  @inlinable package var littleEndianBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(underestimatedCount * Element.bitWidth / 8)
    for number in self {
      for shift in stride(from: 0, to: Element.bitWidth, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    return bytes
  }
}
