// SPDX-License-Identifier: MIT

/// Fields of blocks in the forms that several formats share.
extension RawSpan {
  /// A byte, for use as an index.
  @inline(__always)
  func index(at offset: Int) -> Int { Int(u8(at: offset)) }

  /// The `position`-th of the 4-bit numbers that begin at `offset`, low half of a byte first.
  @inline(__always)
  func nibble(_ position: Int, at offset: Int) -> Int {
    index(at: offset + position / 2) >> (4 * (position % 2)) & 15
  }
}

/// Groups of weights as vectors.
extension Span<Float> {
  /// Sixteen numbers that follow each other.
  @inline(__always)
  func group16(at index: Int) -> SIMD16<Float> {
    unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 4 * index, as: SIMD16<Float>.self)
  }
}

extension MutableSpan<Float> {
  /// Stores eight weights that follow each other.
  @inline(__always) @_lifetime(self: copy self)
  mutating func set(_ group: SIMD8<Float>, at index: Int) {
    var bytes = unsafe mutableBytes
    bytes.storeBytes(of: group, toByteOffset: 4 * index, as: SIMD8<Float>.self)
  }
}
