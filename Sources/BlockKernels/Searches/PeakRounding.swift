// SPDX-License-Identifier: MIT

/// Rounds weights to whole numbers from -127 to 127 for a given scale, 16 at a time.
///
/// Here lanes are weights that follow each other: with 8 bits there is nothing to search.
///
/// - Parameters:
///   - weights: The weights.
///   - count: How many there are: a multiple of 16.
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
    // In 1.5 · 2²³ + quant, the lowest byte is the quant in two's complement. (The initializer that
    // truncates a vector may become a function of its own, which all levels would share.)
    let bits = unsafeBitCast(quant + 12_582_912, to: SIMD16<UInt32>.self)
    var bytes = Bytes.zero
    for lane in 0..<laneCount { bytes[lane] = UInt8(truncatingIfNeeded: bits[lane]) }
    quants.storeBytes(of: bytes, toByteOffset: start, as: Bytes.self)
  }
}

/// The weight of largest magnitude, with its sign; the positive one of two.
///
/// Four lanes do: 16 would take longer to bring together than to go through. `count` is a multiple
/// of 4.
@inlinable @inline(always)
public func extremeWeight(_ weights: UnsafePointer<Float>, count: Int) -> Float {
  let source = UnsafeRawPointer(weights)
  var least = SIMD4<Float>.zero
  var most = SIMD4<Float>.zero
  for start in stride(from: 0, to: count, by: 4) {
    let four = source.loadUnaligned(fromByteOffset: start * 4, as: SIMD4<Float>.self)
    least.replace(with: four, where: four .< least)
    most.replace(with: four, where: four .> most)
  }
  let top = max(max(most.x, most.y), max(most.z, most.w))
  let bottom = min(min(least.x, least.y), min(least.z, least.w))
  return top >= -bottom ? top : bottom
}
