// SPDX-License-Identifier: MIT

/// Rounds with the scales that were settled on and stores the quants, the lowest of them as 0.
///
/// - Parameters:
///   - memory: The group, loaded; the quants go there too.
///   - weights: Weights of a sub-block.
///   - inverse: Quants for each unit of weight.
///   - shift: Added before rounding.
@inlinable @inline(always)
func storeQuants(_ memory: GroupMemory, weights: Int, inverse: Lanes, shift: Lanes) {
  // Four quants of a sub-block make a word; whole vectors go to memory before single lanes are read.
  let words = UnsafeMutableRawPointer(memory.derived)
  for word in 0..<weights / 4 {
    var packed = SIMD16<UInt32>.zero
    for part in 0..<4 {
      let quant = storedQuant(memory, memory.weights[4 &* word &+ part] * inverse + shift)
      packed |= quant &<< UInt32(8 &* part)
    }
    words.storeBytes(of: packed, toByteOffset: 64 &* word, as: SIMD16<UInt32>.self)
  }
  let quants = UnsafeMutableRawPointer(memory.quants)
  for lane in 0..<laneCount {
    for word in 0..<weights / 4 {
      let packed = words.load(fromByteOffset: 64 &* word &+ 4 &* lane, as: UInt32.self)
      quants.storeBytes(of: packed, toByteOffset: lane &* weights &+ 4 &* word, as: UInt32.self)
    }
  }
}

/// A quant as it is stored: counted from the lowest.
@inlinable @inline(always)
func storedQuant(_ memory: GroupMemory, _ value: Lanes) -> SIMD16<UInt32> {
  let low = memory.bounds[0]
  let quant = smaller(larger(rounded(value), low), memory.bounds[1]) - low
  // In 2²³ + quant, the lowest byte is the quant.
  return unsafeBitCast(quant + 8_388_608, to: SIMD16<UInt32>.self) & 255
}

/// Stores whole numbers of a byte's range.
@inlinable @inline(always)
func storeCodes(_ codes: Lanes, to target: UnsafeMutablePointer<Int8>) {
  // In 1.5 · 2²³ + code, the lowest byte is the code in two's complement.
  let bits = unsafeBitCast(codes + 12_582_912, to: SIMD16<UInt32>.self)
  for lane in 0..<laneCount { target[lane] = Int8(truncatingIfNeeded: bits[lane]) }
}

/// Rounds scales to halves and stores them; returns what they came to, in the search's unit.
@inlinable @inline(always)
func storeHalves(_ scales: Lanes, _ unit: Unit, to target: UnsafeMutablePointer<Float>) -> Lanes {
  let memory = UnsafeMutableRawPointer(target)
  memory.storeBytes(of: scales * unit.peak, as: Lanes.self)
  for lane in 0..<laneCount {
    let scale = memory.load(fromByteOffset: 4 &* lane, as: Float.self)
    memory.storeBytes(of: nearestHalf(scale), toByteOffset: 4 &* lane, as: Float.self)
  }
  return memory.load(as: Lanes.self) * unit.inverse
}
