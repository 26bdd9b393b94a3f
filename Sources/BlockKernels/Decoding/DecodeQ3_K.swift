// SPDX-License-Identifier: MIT

/// Restores super-blocks of `Q3_K`.
@inlinable @inline(always)
public func decodeQ3_K(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 110 &* index
    let target = run.weights + 1024 &* index
    let scales = half(block + 108) * signedFloats(signedSixes(block + 96) &- 32)
    var (firstThird, secondThird) = (bytes(block), bytes(block + 16))
    for part in 0..<2 {
      var first = bytes(block + (32 &+ 32 &* part))
      var second = bytes(block + (48 &+ 32 &* part))
      for pair in 0..<4 {
        let at = 8 &* part &+ 2 &* pair
        let low = first & 3 | (firstThird & 1) &<< 2
        let high = second & 3 | (secondThird & 1) &<< 2
        store(scales[at] * signedFloats(low &- 4), target + 64 &* at)
        store(scales[at &+ 1] * signedFloats(high &- 4), target + (64 &* at &+ 64))
        (first, second) = (first &>> 2, second &>> 2)
        (firstThird, secondThird) = (firstThird &>> 1, secondThird &>> 1)
      }
    }
  }
}

/// The sixteen numbers of 6 bits that `Q3_K` keeps in 12 bytes.
@inlinable @inline(always)
func signedSixes(_ source: UnsafeRawPointer) -> Bytes {
  let low = word64(source)
  let upper = UInt64(word32(source + 8))
  // Eight numbers a word: the upper bits of four stand in the four bytes, two bits further up for
  // the next four.
  let first = upper & 0x0303_0303 | (upper &<< 30) & 0x0303_0303_0000_0000
  let second = (upper &>> 4) & 0x0303_0303 | (upper &<< 26) & 0x0303_0303_0000_0000
  let mask: UInt64 = 0x0F0F_0F0F_0F0F_0F0F
  let words = SIMD2(
    (low & mask | first &<< 4).littleEndian, ((low &>> 4) & mask | second &<< 4).littleEndian)
  return unsafeBitCast(words, to: Bytes.self)
}
