// SPDX-License-Identifier: MIT

/// A quarter of d · (s + ½) for 16 numbers s of 4 bits, the first lowest.
@inlinable @inline(always)
func quarterScales(_ d: Float, _ packed: UInt64) -> Lanes {
  d * (floats(nibbles(packed)) + 0.5) * 0.25
}

/// Sixteen numbers of 4 bits, the first lowest, as bytes.
@inlinable @inline(always)
func nibbles(_ packed: UInt64) -> Bytes {
  let mask: UInt64 = 0x0F0F_0F0F_0F0F_0F0F
  let even = unsafeBitCast((packed & mask).littleEndian, to: SIMD8<UInt8>.self)
  let odd = unsafeBitCast((packed &>> 4 & mask).littleEndian, to: SIMD8<UInt8>.self)
  var all = Bytes.zero
  for lane in 0..<8 {
    all[2 &* lane] = even[lane]
    all[2 &* lane &+ 1] = odd[lane]
  }
  return all
}
