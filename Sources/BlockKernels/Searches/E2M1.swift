// SPDX-License-Identifier: MIT

/// Rounding to 4-bit floats (sign, 2 bits of exponent, 1 of fraction): 0, ½, 1, 1½, 2, 3, 4, 6.
public enum E2M1 {
  /// The largest magnitude.
  @inlinable public static var largest: Float { 6 }

  /// The codes of the numbers nearest to 16 weights times `inverse`, as numbers from 0 to 15.
  @inlinable @inline(always)
  static func codes(_ weights: SIMD16<Float>, inverse: SIMD16<Float>) -> SIMD16<Float> {
    let nearest = rounded((weights * inverse).magnitudes)
    // Codes rise by 2 for 1 up to 2, then by 1, then by ½ from 4 on: the least of three lines.
    var codes = nearest + nearest
    let middle = nearest + 2
    codes.replace(with: middle, where: middle .< codes)
    let upper = nearest * 0.5 + 4
    codes.replace(with: upper, where: upper .< codes)
    // Bit 3 is the sign; zero is written without one.
    let negative = codes.replacing(with: codes + 8, where: codes .> 0)
    return codes.replacing(with: negative, where: weights .< 0)
  }

  /// The squared error of each of 16 weights, counted by its importance, in units of the scale.
  @inlinable @inline(always)
  static func errors(
    _ magnitudes: SIMD16<Float>, _ importance: SIMD16<Float>, scale: Float
  ) -> SIMD16<Float> {
    let ratio = magnitudes * (1 / scale)
    let miss = ratio - rounded(ratio)
    return miss * miss * importance
  }

  /// The nearest number to each ratio that is not negative; of two equally near, the even one.
  @inlinable @inline(always)
  static func rounded(_ ratio: SIMD16<Float>) -> SIMD16<Float> {
    let ratio = ratio.replacing(with: largest, where: ratio .> largest)
    // Numbers lie ½ apart below 2, and half of the power of two below them from there on. Adding
    // 1.5 · 2^23 times that distance leaves no smaller bits: rounding that stays in vector code.
    let anchor = ratio.replacing(with: 1, where: ratio .< 1).exponentPart * 0x1.8p22
    return (ratio + anchor) - anchor
  }
}

extension SIMD16<Float> {
  /// All signs removed.
  @inlinable @inline(always)
  public var magnitudes: Self { replacing(with: -self, where: self .< 0) }

  /// The power of two at or below each positive number.
  @inlinable @inline(always)
  var exponentPart: Self {
    let bits = unsafeBitCast(self, to: SIMD16<UInt32>.self) & 0x7F80_0000
    return unsafeBitCast(bits, to: Self.self)
  }
}

/// The doubled 4-bit floats of codes, as signed bytes: 0, 1, 2, 3, 4, 6, 8, 12 and their negatives.
@inlinable @inline(always)
func doubledE2M1(_ codes: Bytes) -> Bytes {
  let code = codes & 7
  // The values rise by 1 up to code 4, by 2 up to 6, and 12 is 2 more than another 2.
  let steps = code.replacing(with: code &+ code &- 4, where: code .> Bytes(repeating: 4))
  let magnitude = steps.replacing(with: 12, where: code .== Bytes(repeating: 7))
  return magnitude.replacing(with: 0 &- magnitude, where: codes .> Bytes(repeating: 7))
}

/// The doubled 4-bit floats.
let doubledFloats = ValueTable([-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12])

/// The code of a doubled 4-bit float.
func codeOfFloat(_ value: Float) -> UInt8 {
  let magnitude = value.magnitude
  let code = magnitude <= 4 ? magnitude : magnitude <= 8 ? magnitude / 2 + 2 : 7
  return UInt8(code) | (value < 0 ? 8 : 0)
}
