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

/// The sum over the sub-blocks of each block, in each of their lanes.
///
/// - Parameter subBlocks: Sub-blocks of one block: 1, 8 or 16.
@inlinable @inline(always)
public func blockSum(_ value: Lanes, of subBlocks: Int) -> Lanes {
  if subBlocks == 1 { return value }
  let low = sum(value.lowHalf)
  let high = sum(value.highHalf)
  if subBlocks == 16 { return Lanes(repeating: low + high) }
  return Lanes(lowHalf: SIMD8(repeating: low), highHalf: SIMD8(repeating: high))
}

/// The largest over the sub-blocks of each block, in each of their lanes.
@inlinable @inline(always)
public func blockPeak(_ value: Lanes, of subBlocks: Int) -> Lanes {
  if subBlocks == 1 { return value }
  let low = peak(value.lowHalf)
  let high = peak(value.highHalf)
  if subBlocks == 16 { return Lanes(repeating: low > high ? low : high) }
  return Lanes(lowHalf: SIMD8(repeating: low), highHalf: SIMD8(repeating: high))
}

/// The sum of eight numbers, halves first: the same order, and so the same bits, on every CPU.
@inlinable @inline(always)
func sum(_ value: SIMD8<Float>) -> Float {
  let four = value.lowHalf + value.highHalf
  let two = four.lowHalf + four.highHalf
  return two.x + two.y
}

/// The largest of eight numbers.
@inlinable @inline(always)
func peak(_ value: SIMD8<Float>) -> Float {
  let four = value.highHalf.replacing(with: value.lowHalf, where: value.lowHalf .> value.highHalf)
  let two = four.highHalf.replacing(with: four.lowHalf, where: four.lowHalf .> four.highHalf)
  return two.x > two.y ? two.x : two.y
}

/// The nearest half-precision number that a block can hold as its scale.
///
/// Beyond the largest half it stays there instead of becoming infinite; a scale that would vanish
/// becomes the smallest half, because weights a few times that size can then still be told from zero.
@inlinable @inline(always)
public func nearestHalf(_ value: Float) -> Float {
  if value == 0 { return 0 }
  let magnitude = min(max(value.magnitude, 0x1p-24), 65504)
  return Float(Float16(value < 0 ? -magnitude : magnitude))
}
