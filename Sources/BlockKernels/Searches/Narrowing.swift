// SPDX-License-Identifier: MIT

// Single numbers in plain loops: without a branch in the body, the compiler makes vectors of them,
// as wide as the level has.

/// Narrows numbers to the nearest halves, ties to even.
///
/// A finite number beyond the largest half becomes that; infinity stays, and a NaN becomes a quiet one.
///
/// - Parameters:
///   - weights: The numbers.
///   - count: How many there are.
///   - halves: Takes 2 · `count` bytes, little-endian.
@inlinable @inline(always)
public func narrowToHalves(
  _ weights: UnsafePointer<Float>, count: Int, halves: UnsafeMutableRawPointer
) {
  for index in 0..<count {
    let half = nearestHalfBits(weights[index].bitPattern)
    halves.storeBytes(
      of: UInt16(truncatingIfNeeded: half).littleEndian, toByteOffset: 2 &* index, as: UInt16.self)
  }
}

/// The bits of the half nearest to the float with these bits.
@inlinable @inline(always)
func nearestHalfBits(_ bits: UInt32) -> UInt32 {
  let magnitude = bits & 0x7FFF_FFFF
  let finite: UInt32 = magnitude < 0x477F_E000 ? magnitude : 0x477F_E000  // 65,504
  // Halves lie 2^(e - 10) apart from 2^e on, and 2^-24 below 2^-14. Floats of 2^(e + 13) do, too:
  // added to that, a number is rounded by the addition itself, to a count of such steps.
  let power = finite & 0x7F80_0000
  let anchor = (power > 0x3880_0000 ? power : 0x3880_0000) &+ 13 << 23
  let sum = (Float(bitPattern: finite) + Float(bitPattern: anchor)).bitPattern
  // A normal half's own leading bit is among the steps and counts its exponent up by one.
  let rounded = sum &- anchor &+ (anchor >> 13) &- 126 << 10
  let notNumber: UInt32 = magnitude > 0x7F80_0000 ? 0x7E00 | magnitude >> 13 & 0x3FF : 0x7C00
  return (magnitude >= 0x7F80_0000 ? notNumber : rounded) | bits >> 16 & 0x8000
}

/// Narrows numbers to the nearest that their upper 16 bits can hold, ties to even.
///
/// A finite number that would round to infinity becomes the largest one (about 3.39e38) instead;
/// infinity stays, and a NaN becomes a quiet one.
///
/// - Parameters:
///   - weights: The numbers.
///   - count: How many there are.
///   - upper: Takes 2 · `count` bytes, little-endian.
@inlinable @inline(always)
public func narrowToUpperHalves(
  _ weights: UnsafePointer<Float>, count: Int, upper: UnsafeMutableRawPointer
) {
  for index in 0..<count {
    let bits = nearestUpperBits(weights[index].bitPattern)
    upper.storeBytes(
      of: UInt16(truncatingIfNeeded: bits >> 16).littleEndian, toByteOffset: 2 &* index,
      as: UInt16.self)
  }
}

/// A float's bits, rounded so that the upper 16 are those of the nearest number.
@inlinable @inline(always)
func nearestUpperBits(_ bits: UInt32) -> UInt32 {
  let magnitude = bits & 0x7FFF_FFFF
  // Adds just under half a step, and the half itself where the kept bits are odd.
  let sum = magnitude &+ 0x7FFF &+ (magnitude >> 16 & 1)
  let rounded: UInt32 = sum < 0x7F7F_FFFF ? sum : 0x7F7F_FFFF
  // A NaN whose fraction lies in the lower half alone would turn into infinity: bit 22 keeps it.
  let notNumber = magnitude | (magnitude > 0x7F80_0000 ? 0x40_0000 : 0)
  return (magnitude >= 0x7F80_0000 ? notNumber : rounded) | bits & 0x8000_0000
}
