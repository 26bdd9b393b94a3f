// SPDX-License-Identifier: MIT

/// Restores blocks of `Q5_0`.
@inlinable @inline(always)
public func decodeQ5_0(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 22 &* index
    let target = run.weights + 128 &* index
    let d = half(block)
    let q = bytes(block + 6)
    let low = (q & 15) | fifthBits(block + 2)
    let high = (q &>> 4) | fifthBits(block + 4)
    store(d * signedFloats(low &- 16), target)
    store(d * signedFloats(high &- 16), target + 64)
  }
}

/// Restores blocks of `Q5_1`.
@inlinable @inline(always)
public func decodeQ5_1(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 24 &* index
    let target = run.weights + 128 &* index
    let d = half(block)
    let m = half(block + 2)
    let q = bytes(block + 8)
    let low = (q & 15) | fifthBits(block + 4)
    let high = (q &>> 4) | fifthBits(block + 6)
    store(d * floats(low) + m, target)
    store(d * floats(high) + m, target + 64)
  }
}

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
