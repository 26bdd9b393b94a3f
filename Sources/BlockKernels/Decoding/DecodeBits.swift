// SPDX-License-Identifier: MIT

/// Restores blocks of `Q1_0`: groups of eight from a codebook of all 256 patterns of signs.
@inlinable @inline(always)
public func decodeQ1_0(_ run: BlockRun, _ tables: GridTables<SIMD8<Float>>) {
  for index in 0..<run.count {
    let block = run.blocks + 18 &* index
    let target = run.weights + 512 &* index
    // A set bit means minus in the table and plus here.
    let d = -half(block)
    for group in 0..<16 {
      store(d * tables.entries[byte(block + (2 &+ group))], target + 32 &* group)
    }
  }
}

/// Restores blocks of `Q2_0`.
@inlinable @inline(always)
public func decodeQ2_0(_ run: BlockRun) {
  let places = SIMD16<UInt32>(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
  for index in 0..<run.count {
    let block = run.blocks + 18 &* index
    let target = run.weights + 256 &* index
    let d = half(block)
    for part in 0..<4 {
      let word = word32(block + (2 &+ 4 &* part))
      let q = ((SIMD16(repeating: word) &>> places) & 3) &- 1
      let signed = unsafeBitCast(q, to: SIMD16<Int32>.self)
      var levels = Lanes.zero
      for lane in 0..<16 { levels[lane] = Float(signed[lane]) }
      store(d * levels, target + 64 &* part)
    }
  }
}
