// SPDX-License-Identifier: MIT

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

  /// Takes 16 whole numbers from -128 to 127.
  ///
  /// They come from memory, because the compiler makes worse code of bytes that it knows.
  @inlinable @inline(always)
  init(_ table: ValueTable) {
    let values = table.values
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
