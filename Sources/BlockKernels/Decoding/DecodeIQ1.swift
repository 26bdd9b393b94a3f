// SPDX-License-Identifier: MIT

/// Restores super-blocks of `IQ1_S`.
@inlinable @inline(always)
public func decodeIQ1_S(_ run: BlockRun, _ tables: GridTables<SIMD8<Float>>) {
  for index in 0..<run.count {
    let block = run.blocks + 50 &* index
    let target = run.weights + 1024 &* index
    let d = half(block)
    for part in 0..<8 {
      let word = Int(word16(block + (34 &+ 2 &* part)))
      let scale = d * Float(Int32(truncatingIfNeeded: word &>> 11 & 14 | 1))
      let shift: Float = word & 0x8000 == 0 ? 0.125 : -0.125
      for group in 0..<4 {
        let entry = byte(block + (2 &+ 4 &* part &+ group)) | (word &>> (3 &* group) & 7) &<< 8
        store(scale * (tables.entries[entry] + shift), target + (128 &* part &+ 32 &* group))
      }
    }
  }
}

/// Restores super-blocks of `IQ1_M`.
@inlinable @inline(always)
public func decodeIQ1_M(_ run: BlockRun, _ tables: GridTables<SIMD8<Float>>) {
  for index in 0..<run.count {
    let block = run.blocks + 56 &* index
    let target = run.weights + 1024 &* index
    let codes = word64(block + 48)
    let d = widenedHalf(topNibbles(codes))
    for part in 0..<16 {
      // Four codes of 3 bits a word of 16.
      let code = codes &>> UInt64(16 &* (part / 4) &+ 3 &* (part % 4)) & 7
      let scale = d * Float(Int32(truncatingIfNeeded: 2 &* code &+ 1))
      let upper = byte(block + (32 &+ part))
      let entries = block + 2 &* part
      let out = target + 64 &* part
      let firstShift: Float = upper & 8 == 0 ? 0.125 : -0.125
      let secondShift: Float = upper & 128 == 0 ? 0.125 : -0.125
      store(scale * (tables.entries[byte(entries) | (upper & 7) &<< 8] + firstShift), out)
      store(
        scale * (tables.entries[byte(entries + 1) | (upper &<< 4) & 0x700] + secondShift), out + 32)
    }
  }
}

/// The top 4 bits of four words of 16 as one word, the first lowest.
@inlinable @inline(always)
func topNibbles(_ words: UInt64) -> UInt16 {
  let low = words &>> 12 & 15 | words &>> 24 & 0xF0
  return UInt16(truncatingIfNeeded: low | words &>> 36 & 0xF00 | words &>> 48 & 0xF000)
}
