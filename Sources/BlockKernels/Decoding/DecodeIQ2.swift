// SPDX-License-Identifier: MIT

/// Restores super-blocks of `IQ2_XXS`.
@inlinable @inline(always)
public func decodeIQ2_XXS(_ run: BlockRun, _ tables: GridTables<SIMD8<Float>>) {
  for index in 0..<run.count {
    let block = run.blocks + 66 &* index
    let target = run.weights + 1024 &* index
    let d = half(block)
    for part in 0..<8 {
      let entries = block + (2 &+ 8 &* part)
      let word = word32(entries + 4)
      let scale = d * (Float(Int32(word &>> 28)) + 0.5) * 0.25
      for group in 0..<4 {
        let signs = tables.signs[Int(word &>> UInt32(7 &* group) & 127)]
        store(
          scale * tables.entries[byte(entries + group)] * signs,
          target + (128 &* part &+ 32 &* group))
      }
    }
  }
}

/// Restores super-blocks of `IQ2_XS`.
@inlinable @inline(always)
public func decodeIQ2_XS(_ run: BlockRun, _ tables: GridTables<SIMD8<Float>>) {
  for index in 0..<run.count {
    let block = run.blocks + 74 &* index
    let target = run.weights + 1024 &* index
    let scales = quarterScales(half(block), word64(block + 66))
    for part in 0..<16 {
      for group in 2 &* part..<2 &* part &+ 2 {
        let q = word16(block + (2 &+ 2 &* group))
        let signs = tables.signs[Int(q &>> 9)]
        store(scales[part] * tables.entries[Int(q & 511)] * signs, target + 32 &* group)
      }
    }
  }
}

/// Restores super-blocks of `IQ2_S`.
@inlinable @inline(always)
public func decodeIQ2_S(_ run: BlockRun, _ tables: GridTables<SIMD8<Float>>) {
  for index in 0..<run.count {
    let block = run.blocks + 82 &* index
    let target = run.weights + 1024 &* index
    let scales = quarterScales(half(block), word64(block + 74))
    for part in 0..<16 {
      for group in 2 &* part..<2 &* part &+ 2 {
        let upper = byte(block + (66 &+ group / 4)) &>> (2 &* (group % 4)) & 3
        let entry = byte(block + (2 &+ group)) | upper &<< 8
        let signs = tables.signs[byte(block + (34 &+ group))]
        store(scales[part] * tables.entries[entry] * signs, target + 32 &* group)
      }
    }
  }
}

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
