// SPDX-License-Identifier: MIT

/// Digits as blocks keep them.
extension TernaryBlock {
  /// Digits of 16 weights.
  @inlinable @inline(always)
  func group(_ index: Int) -> SIMD16<UInt32> {
    digits.load(fromByteOffset: 64 &* index, as: SIMD16<UInt32>.self)
  }

  /// TQ2_0: byte j of 32 holds the weights j, j + 32, j + 64, j + 96 in two bits each.
  @inlinable @inline(always)
  func packPairs(_ block: UnsafeMutableRawPointer) {
    for part in 0..<4 {
      let first = part / 2 &* 8 &+ part % 2
      var bytes = group(first)
      for quarter in 1..<4 {
        bytes |= group(first &+ 2 &* quarter) &<< UInt32(2 &* quarter)
      }
      storeBytes(bytes, block + 16 &* part)
    }
  }

  /// TQ1_0: byte j of 32 holds the weights j, j + 32, … j + 128; of the next 16, j, j + 16, … j + 64
  /// from weight 160 on; of the last 4, j, j + 4, j + 8, j + 12 from weight 240 on.
  @inlinable @inline(always)
  func packBaseThree(_ block: UnsafeMutableRawPointer) {
    for part in 0..<2 { storeBytes(fraction(first: part, stride: 2), block + 16 &* part) }
    storeBytes(fraction(first: 10, stride: 1), block + 32)
    for byte in 0..<4 {
      var value: UInt32 = 0
      for digit in 0..<4 {
        value =
          value &* 3
          &+ digits.load(fromByteOffset: 960 &+ 16 &* digit &+ 4 &* byte, as: UInt32.self)
      }
      let packed = (value &* 3 &* 256 &+ 242) / 243
      block.storeBytes(
        of: UInt8(truncatingIfNeeded: packed), toByteOffset: 48 &+ byte, as: UInt8.self)
    }
  }

  /// Five digits, the first the highest, as a fraction of 256, rounded up.
  @inlinable @inline(always)
  func fraction(first: Int, stride: Int) -> SIMD16<UInt32> {
    var value = group(first)
    for digit in 1..<5 { value = value &* 3 &+ group(first &+ stride &* digit) }
    // n / 243 for n below 62,195, by its inverse in 2^-23.
    return ((value &* 256 &+ 242) &* 34522) &>> 23
  }

  /// Stores the lowest byte of each lane.
  @inlinable @inline(always)
  func storeBytes(_ bytes: SIMD16<UInt32>, _ target: UnsafeMutableRawPointer) {
    for lane in 0..<laneCount {
      target.storeBytes(
        of: UInt8(truncatingIfNeeded: bytes[lane]), toByteOffset: lane, as: UInt8.self)
    }
  }
}
