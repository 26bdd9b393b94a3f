// SPDX-License-Identifier: MIT

/// Rounds weights to whole numbers from -127 to 127 for a given scale, 16 at a time.
///
/// Here lanes are weights that follow each other: with 8 bits there is nothing to search.
///
/// - Parameters:
///   - weights: `count` weights, a multiple of 16.
///   - inverse: Quants for each unit of weight.
///   - quants: Takes `count` signed bytes.
@inlinable @inline(always)
public func roundToBytes(
  _ weights: UnsafePointer<Float>, count: Int, inverse: Float, quants: UnsafeMutableRawPointer
) {
  let source = UnsafeRawPointer(weights)
  let low = Lanes(repeating: -127)
  let high = Lanes(repeating: 127)
  for start in stride(from: 0, to: count, by: laneCount) {
    let group = source.loadUnaligned(fromByteOffset: start * 4, as: Lanes.self)
    let quant = smaller(larger(rounded(group * inverse), low), high)
    // In 1.5 · 2²³ + quant, the lowest byte is the quant in two's complement.
    let bits = unsafeBitCast(quant + 12_582_912, to: SIMD16<UInt32>.self)
    for lane in 0..<laneCount {
      quants.storeBytes(
        of: UInt8(truncatingIfNeeded: bits[lane]), toByteOffset: start + lane, as: UInt8.self)
    }
  }
}

/// The weight of largest magnitude, with its sign; the positive one of two.
///
/// - Parameter count: How many weights there are: a multiple of 16.
@inlinable @inline(always)
public func extremeWeight(_ weights: UnsafePointer<Float>, count: Int) -> Float {
  let source = UnsafeRawPointer(weights)
  var least = Lanes.zero
  var most = Lanes.zero
  for start in stride(from: 0, to: count, by: laneCount) {
    let group = source.loadUnaligned(fromByteOffset: start * 4, as: Lanes.self)
    least = smaller(group, least)
    most = larger(group, most)
  }
  let high = peak(larger(most, .zero).lowHalf)
  let higher = peak(most.highHalf)
  let low = peak((-least).lowHalf)
  let lower = peak((-least).highHalf)
  let top = max(high, higher)
  let bottom = max(low, lower)
  return top >= bottom ? top : -bottom
}
