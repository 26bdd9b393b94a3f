// SPDX-License-Identifier: MIT

/// One number of each of 16 sub-blocks.
///
/// Searches put sub-blocks beside each other, not weights: the code then reads like the algorithm
/// for a single sub-block, and no lane knows of its neighbours.
public typealias Lanes = SIMD16<Float>

/// How many sub-blocks a group has.
public let laneCount = 16

/// The nearest whole numbers, ties to even, of numbers below 2²² in magnitude.
///
/// At 1.5 · 2²³ the distance between floats is 1, so that the addition itself rounds; no level of
/// any CPU lacks an addition.
@inlinable @inline(always)
public func rounded(_ value: Lanes) -> Lanes { (value + 12_582_912) - 12_582_912 }

/// The smaller number of each lane; the form that becomes one instruction.
@inlinable @inline(always)
public func smaller(_ a: Lanes, _ b: Lanes) -> Lanes { b.replacing(with: a, where: a .< b) }

/// The larger number of each lane.
@inlinable @inline(always)
public func larger(_ a: Lanes, _ b: Lanes) -> Lanes { b.replacing(with: a, where: a .> b) }

/// 1 / `value`, and zero where `value` is zero or too small to divide by.
@inlinable @inline(always)
public func inverse(_ value: Lanes) -> Lanes {
  Lanes.zero.replacing(with: 1 / value, where: larger(value, -value) .> 0x1p-100)
}

/// a / b, and zero where `b` is not positive.
@inlinable @inline(always)
public func ratio(_ a: Lanes, _ b: Lanes) -> Lanes {
  Lanes.zero.replacing(with: a / b, where: b .> 0x1p-100)
}

/// The nearest half-precision number, ties to even, that a block can hold as its scale.
///
/// Beyond the largest half it stays there instead of becoming infinite; a scale that would vanish
/// becomes the smallest half, because weights a few times that size can then still be told from zero.
/// Plain arithmetic, since a conversion is a call where the CPU's level has none of its own.
@inlinable @inline(always)
public func nearestHalf(_ value: Float) -> Float {
  if value == 0 { return 0 }
  let magnitude = min(max(value.magnitude, 0x1p-24), 65504)
  let half: Float
  if magnitude < 0x1p-14 {
    // Subnormal halves are 2^-24 apart, as are floats around 0.75.
    half = (magnitude + 0.75) - 0.75
  } else {
    // A float has 13 bits of fraction more.
    let bits = magnitude.bitPattern
    half = Float(bitPattern: (bits &+ 0xFFF &+ (bits >> 13 & 1)) & ~0x1FFF)
  }
  return value < 0 ? -half : half
}
