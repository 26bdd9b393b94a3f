// SPDX-License-Identifier: MIT

/// Rounds with the scales that were settled on and stores the quants, the lowest of them as 0.
///
/// - Parameters:
///   - values: What is rounded, `weights` vectors of it.
///   - inverse: Quants for each unit of `values`.
///   - shift: Added before rounding.
@inlinable @inline(always)
func storeQuants(
  _ memory: GroupMemory, _ values: UnsafeMutablePointer<Lanes>, weights: Int,
  inverse: Lanes, shift: Lanes
) {
  let low = memory.bounds[0]
  let high = memory.bounds[1]
  for index in 0..<weights {
    let quant = smaller(larger(rounded(values[index] * inverse + shift), low), high) - low
    // In 2²³ + quant, the lowest byte is the quant.
    let bits = unsafeBitCast(quant + 8_388_608, to: SIMD16<UInt32>.self)
    for lane in 0..<laneCount {
      memory.quants[lane * weights + index] = UInt8(truncatingIfNeeded: bits[lane])
    }
  }
}

/// Stores whole numbers of a byte's range.
@inlinable @inline(always)
func storeCodes(_ codes: Lanes, to target: UnsafeMutablePointer<Int8>) {
  for lane in 0..<laneCount { target[lane] = Int8(codes[lane]) }
}

/// Rounds scales to halves and stores them; returns what they came to, in the search's unit.
@inlinable @inline(always)
func storeHalves(_ scales: Lanes, _ unit: Unit, to target: UnsafeMutablePointer<Float>) -> Lanes {
  let real = scales * unit.peak
  var stored = Lanes.zero
  for lane in 0..<laneCount {
    let half = nearestHalf(real[lane])
    target[lane] = half
    stored[lane] = half
  }
  return stored * unit.inverse
}
