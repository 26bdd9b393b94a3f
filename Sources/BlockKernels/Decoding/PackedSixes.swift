// SPDX-License-Identifier: MIT

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
