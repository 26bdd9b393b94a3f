// SPDX-License-Identifier: MIT

/// The bits of a 16-bit word as fifth bits of 16 weights: 16 where they are set.
@inlinable @inline(always)
func fifthBits(_ source: UnsafeRawPointer) -> Bytes {
  let word = word16(source)
  // Each byte eight times, of which each lane keeps its bit.
  let low = SIMD8(repeating: UInt8(truncatingIfNeeded: word))
  let high = SIMD8(repeating: UInt8(truncatingIfNeeded: word &>> 8))
  let place = Bytes(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128)
  let bits = Bytes(lowHalf: low, highHalf: high) & place
  return Bytes.zero.replacing(with: 16, where: bits .== place)
}
