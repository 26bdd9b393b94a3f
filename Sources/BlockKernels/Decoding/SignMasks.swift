// SPDX-License-Identifier: MIT

/// Signs of eight weights as bits of a byte: bit *j* set makes weight *j* negative.
package enum SignMasks {
  /// The factors, 1 or -1, of all 256 masks.
  package static let factors: [SIMD8<Float>] = (0..<256).map { mask in
    var factors = SIMD8<Float>(repeating: 1)
    for lane in 0..<8 where mask >> lane & 1 == 1 { factors[lane] = -1 }
    return factors
  }

  /// The factors of all 128 numbers that stand for even masks.
  package static let evenFactors: [SIMD8<Float>] = (0..<128).map { factors[even($0)] }

  /// The mask that IQ2_XXS, IQ2_XS and IQ3_XXS keep in 7 bits.
  ///
  /// The eighth sign is not stored: it makes the number of minus signs even.
  @inline(__always)
  package static func even(_ stored: Int) -> Int {
    // Folding the bits onto each other leaves their parity in bit 0.
    let pairs = stored ^ stored >> 4
    let quads = pairs ^ pairs >> 2
    return stored | ((quads ^ quads >> 1) & 1) << 7
  }
}
