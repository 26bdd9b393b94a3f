// SPDX-License-Identifier: MIT

/// Rounding to 4-bit floats (sign, 2 bits of exponent, 1 of fraction): 0, ½, 1, 1½, 2, 3, 4, 6.
enum E2M1 {
  /// The largest magnitude.
  static let largest: Float = 6

  /// The code of the number nearest to `ratio`; of two equally near, the smaller one's.
  @inline(__always)
  static func code(_ ratio: Float) -> UInt8 {
    let magnitude = ratio.magnitude
    var code: UInt8 = 0
    for index in 0..<7 where magnitude > midpoints[index] { code += 1 }
    return ratio < 0 && code > 0 ? code | 8 : code
  }

  /// The points half-way between neighbours.
  private static let midpoints: InlineArray<7, Float> = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5]

  /// The squared error of 16 weights, each counted by its importance, written at one scale.
  ///
  /// - Parameters:
  ///   - magnitudes: The weights without their signs.
  ///   - importance: One number a weight.
  ///   - scale: What the 4-bit floats are multiplied with.
  /// - Returns: Σ importance · (magnitude - scale · nearest)².
  @inline(__always)
  static func error(
    _ magnitudes: SIMD16<Float>, _ importance: SIMD16<Float>, scale: Float
  ) -> Float {
    let ratio = magnitudes * (1 / scale)
    let miss = ratio - rounded(ratio)
    let error = miss * miss * importance
    let eight = error.lowHalf + error.highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return (two.x + two.y) * scale * scale
  }

  /// The nearest number to each ratio that is not negative.
  @inline(__always)
  private static func rounded(_ ratio: SIMD16<Float>) -> SIMD16<Float> {
    // Adding 1.5 · 2^22 leaves no bits below ½, and so on: rounding that stays in vector code.
    // Numbers are ½ apart below 2, 1 apart below 4, and 2 apart above.
    let ratio = ratio.replacing(with: largest, where: ratio .> largest)
    let halves = (ratio + 0x1.8p22) - 0x1.8p22
    let ones = (ratio + 0x1.8p23) - 0x1.8p23
    let twos = (ratio + 0x1.8p24) - 0x1.8p24
    return halves.replacing(with: ones, where: ratio .>= 2).replacing(
      with: twos, where: ratio .>= 4)
  }
}

extension SIMD16<Float> {
  /// All signs removed.
  @inline(__always)
  var magnitudes: Self { replacing(with: -self, where: self .< 0) }
}
