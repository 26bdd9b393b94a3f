// SPDX-License-Identifier: MIT

/// Restores super-blocks of `TQ1_0`.
@inlinable @inline(always)
public func decodeTQ1_0(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 54 &* index
    let target = run.weights + 1024 &* index
    let d = half(block + 52)
    for side in 0..<2 {
      storeDigits(bytes(block + 16 &* side), d, target + 64 &* side, apart: 128)
    }
    storeDigits(bytes(block + 32), d, target + 640, apart: 64)
    // Four weights a byte: the digits of four bytes are one vector, brought to the top by powers
    // of 3.
    var last = Bytes.zero
    var rest = unsafeBitCast(word32(block + 48).littleEndian, to: SIMD4<UInt8>.self)
    for digit in 0..<4 {
      for lane in 0..<4 { last[4 &* digit &+ lane] = rest[lane] }
      rest = rest &+ rest &+ rest
    }
    store(d * signedFloats(topDigits(last)), target + 960)
  }
}

/// Stores the five digits of each of 16 bytes, the first of all bytes first.
@inlinable @inline(always)
func storeDigits(
  _ packed: Bytes, _ d: Float, _ target: UnsafeMutableRawPointer, apart stride: Int
) {
  var rest = packed
  for digit in 0..<5 {
    store(d * signedFloats(topDigits(rest)), target + stride &* digit)
    rest = rest &+ rest &+ rest
  }
}

/// The first base-3 digit of fractions of 256, less 1: which third of 256 they lie in.
@inlinable @inline(always)
func topDigits(_ fractions: Bytes) -> Bytes {
  let upper = Bytes.zero.replacing(with: 1, where: fractions .> Bytes(repeating: 170))
  return upper.replacing(with: 255, where: fractions .< Bytes(repeating: 86))
}

/// Restores super-blocks of `TQ2_0`.
@inlinable @inline(always)
public func decodeTQ2_0(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 66 &* index
    let target = run.weights + 1024 &* index
    let d = half(block + 64)
    for part in 0..<2 {
      var first = bytes(block + 32 &* part)
      var second = bytes(block + (32 &* part &+ 16))
      for digit in 0..<4 {
        let out = target + (512 &* part &+ 128 &* digit)
        store(d * signedFloats((first & 3) &- 1), out)
        store(d * signedFloats((second & 3) &- 1), out + 64)
        (first, second) = (first &>> 2, second &>> 2)
      }
    }
  }
}
