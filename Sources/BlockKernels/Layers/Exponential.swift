// SPDX-License-Identifier: MIT

/// The exponentials of 16 numbers.
///
/// The relative error is below 1.1e-7 (a unit in the last place). Results below 2^-125 become zero,
/// also that of -∞; from ln 2¹²⁸ on they are ∞, and NaN stays.
///
/// x = n ln 2 + r with n whole and |r| ≤ ½ ln 2, so that e^x = 2ⁿ · e^r. The polynomial for e^r is the
/// one of least relative error (3e-9) among those of degree 6 that begin with 1 + r.
@inlinable @inline(always)
public func exponential(_ x: Lanes) -> Lanes {
  // Comparisons in this order keep a NaN.
  let low = Lanes(repeating: -87.4)
  let high = Lanes(repeating: 89)
  let upper = x.replacing(with: low, where: x .< low)
  let value = upper.replacing(with: high, where: upper .> high)
  // The addition rounds to a whole number, whose bits are then the lowest of the sum.
  let sum = value * 1.442_695_04 + 12_582_912
  let whole = sum - 12_582_912
  // ln 2 in two parts: whole numbers up to 2¹⁵ times the first are exact.
  let rest = value - whole * 0.693_359_375 + whole * 2.121_944_4e-4
  var series = rest * 0.001_381_453_8 + 0.008_368_745
  series = series * rest + 0.041_668_39
  series = series * rest + 0.166_665_21
  series = series * rest + 0.499_999_94
  let power = series * (rest * rest) + rest + 1
  // Half of 2ⁿ has an exponent field for every n here, and it is zero for the least.
  let bits = unsafeBitCast(sum, to: SIMD16<UInt32>.self) &<< 23 &+ 126 &<< 23
  return power * unsafeBitCast(bits, to: Lanes.self) * 2
}

/// One exponential, the same number as a lane of the vector's would be.
@inlinable @inline(always)
public func exponential(_ x: Float) -> Float {
  let lower: Float = x < -87.4 ? -87.4 : x
  let value: Float = lower > 89 ? 89 : lower
  let sum = value * 1.442_695_04 + 12_582_912
  let whole = sum - 12_582_912
  let rest = value - whole * 0.693_359_375 + whole * 2.121_944_4e-4
  var series = rest * 0.001_381_453_8 + 0.008_368_745
  series = series * rest + 0.041_668_39
  series = series * rest + 0.166_665_21
  series = series * rest + 0.499_999_94
  let power = series * (rest * rest) + rest + 1
  return power * Float(bitPattern: sum.bitPattern &<< 23 &+ 126 &<< 23) * 2
}
