// SPDX-License-Identifier: MIT

/// Restores blocks of `IQ4_NL`.
@inlinable @inline(always)
public func decodeIQ4_NL(_ run: BlockRun, _ values: InlineArray<16, Float>) {
  let table = ByteTable(values)
  for index in 0..<run.count {
    let block = run.blocks + 18 &* index
    storeValues(bytes(block + 2), table, half(block), run.weights + 128 &* index)
  }
}

/// Restores super-blocks of `IQ4_XS`.
@inlinable @inline(always)
public func decodeIQ4_XS(_ run: BlockRun, _ values: InlineArray<16, Float>) {
  let table = ByteTable(values)
  for index in 0..<run.count {
    let block = run.blocks + 136 &* index
    let target = run.weights + 1024 &* index
    let d = half(block)
    let lower = word32(block + 4)
    let upper = UInt32(word16(block + 2))
    for part in 0..<8 {
      let low = (lower &>> UInt32(4 &* part)) & 15
      let high = (upper &>> UInt32(2 &* part)) & 3
      let scale = d * Float(Int32(bitPattern: low | high &<< 4) - 32)
      storeValues(bytes(block + (8 &+ 16 &* part)), table, scale, target + 128 &* part)
    }
  }
}

/// Stores 32 weights: the values that the lower halves of bytes choose, then those of the upper.
@inlinable @inline(always)
func storeValues(
  _ q: Bytes, _ table: ByteTable, _ scale: Float, _ target: UnsafeMutableRawPointer
) {
  store(scale * signedFloats(table.values(q & 15)), target)
  store(scale * signedFloats(table.values(q &>> 4)), target + 64)
}

/// Sixteen bytes to be looked up by 4-bit numbers, without leaving vector code: of each two that
/// differ in one bit of the number, that bit chooses, in four rounds.
@usableFromInline struct ByteTable {
  @usableFromInline var splats: InlineArray<16, Bytes>

  /// Takes whole numbers from -128 to 127.
  ///
  /// A stamp gets them as an argument, because the compiler makes worse code of bytes that it knows.
  @inlinable @inline(always)
  init(_ values: InlineArray<16, Float>) {
    splats = InlineArray(repeating: .zero)
    for index in 0..<16 {
      splats[index] = Bytes(repeating: UInt8(truncatingIfNeeded: Int32(values[index])))
    }
  }

  /// The bytes of 16 numbers.
  @inlinable @inline(always)
  func values(_ numbers: Bytes) -> Bytes {
    var left = splats
    var rest = numbers
    var count = 8
    for _ in 0..<4 {
      let even = (rest & 1) .== Bytes.zero
      for index in 0..<count {
        left[index] = left[2 &* index &+ 1].replacing(with: left[2 &* index], where: even)
      }
      rest = rest &>> 1
      count /= 2
    }
    return left[0]
  }
}
