// SPDX-License-Identifier: MIT

/// Groups of weights as vectors.
extension Span<Float> {
  /// Sixteen numbers that follow each other.
  @inline(__always)
  func group16(at index: Int) -> SIMD16<Float> {
    unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 4 * index, as: SIMD16<Float>.self)
  }
}
