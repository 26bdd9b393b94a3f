// SPDX-License-Identifier: MIT

/// Restores super-blocks of `Q4_K`.
@inlinable @inline(always)
public func decodeQ4_K(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 144 &* index
    let target = run.weights + 1024 &* index
    let packed = PackedSixes(block + 4)
    let scales = half(block) * packed.scales
    let mins = half(block + 2) * packed.mins
    for pair in 0..<4 {
      let q = block + (16 &+ 32 &* pair)
      let out = target + 256 &* pair
      let (first, second) = (bytes(q), bytes(q + 16))
      let (s, m) = (scales[2 &* pair], mins[2 &* pair])
      store(s * floats(first & 15) - m, out)
      store(s * floats(second & 15) - m, out + 64)
      let (t, n) = (scales[2 &* pair &+ 1], mins[2 &* pair &+ 1])
      store(t * floats(first &>> 4) - n, out + 128)
      store(t * floats(second &>> 4) - n, out + 192)
    }
  }
}

/// Restores super-blocks of `Q5_K`.
@inlinable @inline(always)
public func decodeQ5_K(_ run: BlockRun) {
  for index in 0..<run.count {
    let block = run.blocks + 176 &* index
    let target = run.weights + 1024 &* index
    let packed = PackedSixes(block + 4)
    let scales = half(block) * packed.scales
    let mins = half(block + 2) * packed.mins
    var (firstFifth, secondFifth) = (bytes(block + 16), bytes(block + 32))
    for pair in 0..<4 {
      let q = block + (48 &+ 32 &* pair)
      let out = target + 256 &* pair
      let (first, second) = (bytes(q), bytes(q + 16))
      let (s, m) = (scales[2 &* pair], mins[2 &* pair])
      store(s * floats(first & 15 | (firstFifth & 1) &<< 4) - m, out)
      store(s * floats(second & 15 | (secondFifth & 1) &<< 4) - m, out + 64)
      let (t, n) = (scales[2 &* pair &+ 1], mins[2 &* pair &+ 1])
      store(t * floats(first &>> 4 | (firstFifth & 2) &<< 3) - n, out + 128)
      store(t * floats(second &>> 4 | (secondFifth & 2) &<< 3) - n, out + 192)
      firstFifth = firstFifth &>> 2
      secondFifth = secondFifth &>> 2
    }
  }
}

/// The eight scales and eight mins of 6 bits that `Q4_K` and `Q5_K` keep in 12 bytes.
@usableFromInline struct PackedSixes {
  @usableFromInline let scales: SIMD8<Float>
  @usableFromInline let mins: SIMD8<Float>

  /// Takes the numbers apart, four at a time: the bytes of a word are independent of each other.
  @inlinable @inline(always)
  init(_ source: UnsafeRawPointer) {
    let (first, second, third) = (word32(source), word32(source + 4), word32(source + 8))
    let laterScales = third & 0x0F0F_0F0F | (first &>> 2) & 0x3030_3030
    let laterMins = (third &>> 4) & 0x0F0F_0F0F | (second &>> 2) & 0x3030_3030
    scales = Self.numbers(first & 0x3F3F_3F3F, laterScales)
    mins = Self.numbers(second & 0x3F3F_3F3F, laterMins)
  }

  @inlinable @inline(always)
  static func numbers(_ first: UInt32, _ second: UInt32) -> SIMD8<Float> {
    let bytes = unsafeBitCast(
      (UInt64(first) | UInt64(second) &<< 32).littleEndian, to: SIMD8<UInt8>.self)
    var numbers = SIMD8<Float>.zero
    for lane in 0..<8 { numbers[lane] = Float(Int32(bytes[lane])) }
    return numbers
  }
}
