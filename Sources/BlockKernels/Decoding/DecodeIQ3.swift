// SPDX-License-Identifier: MIT

/// Restores super-blocks of `IQ3_XXS`.
@inlinable @inline(always)
public func decodeIQ3_XXS(_ run: BlockRun, _ tables: GridTables<SIMD4<Float>>) {
  for index in 0..<run.count {
    let block = run.blocks + 98 &* index
    let target = run.weights + 1024 &* index
    let d = half(block)
    for part in 0..<8 {
      let word = word32(block + (66 &+ 4 &* part))
      let scale = d * (Float(Int32(word &>> 28)) + 0.5) * 0.5
      for pair in 0..<4 {
        let entries = block + (2 &+ 8 &* part &+ 2 &* pair)
        let magnitudes = SIMD8(
          lowHalf: tables.entries[byte(entries)], highHalf: tables.entries[byte(entries + 1)])
        let signs = tables.signs[Int(word &>> UInt32(7 &* pair) & 127)]
        store(scale * magnitudes * signs, target + (128 &* part &+ 32 &* pair))
      }
    }
  }
}

/// Restores super-blocks of `IQ3_S`.
@inlinable @inline(always)
public func decodeIQ3_S(_ run: BlockRun, _ tables: GridTables<SIMD4<Float>>) {
  for index in 0..<run.count {
    let block = run.blocks + 110 &* index
    let target = run.weights + 1024 &* index
    let d = half(block)
    let codes = word32(block + 106)
    for part in 0..<8 {
      let code = Int32(truncatingIfNeeded: codes &>> UInt32(4 &* part) & 15)
      let scale = d * Float(2 &* code &+ 1)
      let upper = byte(block + (66 &+ part))
      for pair in 0..<4 {
        let entries = block + (2 &+ 8 &* part &+ 2 &* pair)
        let first = byte(entries) | (upper &<< (8 &- 2 &* pair)) & 256
        let second = byte(entries + 1) | (upper &<< (7 &- 2 &* pair)) & 256
        let magnitudes = SIMD8(lowHalf: tables.entries[first], highHalf: tables.entries[second])
        let signs = tables.signs[byte(block + (74 &+ 4 &* part &+ pair))]
        store(scale * magnitudes * signs, target + (128 &* part &+ 32 &* pair))
      }
    }
  }
}
