// SPDX-License-Identifier: MIT

/// Encodes NVFP4 blocks with the scales of the least squared error.
///
/// Lanes are sub-blocks of 16 weights, four to a block. Eight codes of a scale are a factor of two;
/// all from `below` under the largest code that brings no weight beyond 6 to `above` over it are
/// tried. Four to six above, the largest weight falls on 4, where the grid often suits the others
/// better; a few below, it is cut off in their favour.
///
/// - Parameters:
///   - source: `count` blocks of 64 weights, any number, of whole rows.
///   - below: How many smaller codes are tried.
///   - above: How many larger ones.
///   - memory: Anything; it is overwritten.
///   - blocks: Takes the blocks, 36 bytes each.
@inlinable @inline(always)
public func encodeNVFP4(
  _ source: GroupSource, below: Int, above: Int, _ memory: GroupMemory,
  _ blocks: UnsafeMutableRawPointer
) {
  var group = source
  var rest = 4 &* source.count
  var target = blocks
  while rest > 0 {
    group.count = rest < laneCount ? rest : laneCount
    let scales = NVFP4Group(group, memory)
    let code = scales.bestCode(below: below, above: above)
    scales.store(code, group.count, target)
    rest -= group.count
    group.weights += 16 &* laneCount
    group.column = (group.column &+ 16 &* laneCount) % group.rowWeights
    target += 36 &* (laneCount / 4)
  }
}

/// A group of 16 sub-blocks of 16 weights.
@usableFromInline
struct NVFP4Group {
  @usableFromInline typealias Codes = SIMD16<UInt32>

  @usableFromInline let memory: GroupMemory
  /// The largest magnitude.
  @usableFromInline let peak: Lanes

  /// Loads weights, their magnitudes, and what errors count for.
  @inlinable @inline(always)
  init(_ source: GroupSource, _ memory: GroupMemory) {
    self.memory = memory
    transpose(source, 16, memory)
    var peak = Lanes.zero
    var mostImportant = Lanes.zero
    for index in 0..<16 {
      let magnitude = memory.weights[index].magnitudes
      memory.derived[index] = magnitude
      peak = larger(magnitude, peak)
      mostImportant = larger(memory.cares[index], mostImportant)
    }
    self.peak = peak
    // Columns that the importance matrix never saw still count a little.
    let unit = inverse(mostImportant)
    let least = Lanes(repeating: 0x1p-20)
    for index in 0..<16 { memory.cares[index] = larger(memory.cares[index] * unit, least) }
  }

  /// The scale that a code stands for: (1 + fraction / 8) · 2^(exponent - 7), or fraction · 2^-9.
  @inlinable @inline(always)
  func scale(_ code: Codes) -> Lanes {
    let normal = unsafeBitCast((code &+ 960) &<< 20, to: Lanes.self)
    // In 2²³ + code, the lowest bits are the code.
    let small = (unsafeBitCast(code | 0x4B00_0000, to: Lanes.self) - 8_388_608) * 0x1p-9
    return normal.replacing(with: small, where: normal .< 0x1p-6)
  }

  /// The code of the largest scale that is not above `scale`, or one less.
  @inlinable @inline(always)
  func code(below scale: Lanes) -> Codes {
    let normal = (unsafeBitCast(scale, to: Codes.self) &>> 20) &- 960
    // Less a half, the nearest whole number is the one below.
    let small = unsafeBitCast((scale * 0x1p9 - 0.5) + 12_582_912, to: Codes.self) & 7
    return normal.replacing(with: small, where: scale .< 0x1p-6)
  }

  /// The code of least error.
  @inlinable @inline(always)
  func bestCode(below: Int, above: Int) -> Codes {
    // 64 above, so that none falls below zero.
    let first = code(below: smaller(peak * (1 / E2M1.largest), Lanes(repeating: 448))) &+ 64
    var best = valid(first)
    var least = Lanes(repeating: .infinity)
    for step in -below...above {
      let code = valid(first &+ UInt32(truncatingIfNeeded: step))
      let error = error(scale(code))
      let better = error .< least
      best.replace(with: code, where: better)
      least = smaller(error, least)
    }
    return best.replacing(with: 0, where: peak .== 0)
  }

  /// The nearest code from 1 to 126, of a number 64 above it.
  @inlinable @inline(always)
  func valid(_ offset: Codes) -> Codes {
    let raised = offset.replacing(with: 65, where: offset .< 65)
    return raised.replacing(with: 190, where: raised .> 190) &- 64
  }

  /// The squared error at a scale.
  @inlinable @inline(always)
  func error(_ scale: Lanes) -> Lanes {
    let unit = 1 / scale
    var error = Lanes.zero
    for index in 0..<16 {
      let ratio = memory.derived[index] * unit
      let miss = ratio - E2M1.rounded(ratio)
      error += miss * miss * memory.cares[index]
    }
    return error * scale * scale
  }

  /// Rounds with the scales that were settled on and stores the blocks of `count` sub-blocks.
  @inlinable @inline(always)
  func store(_ code: Codes, _ count: Int, _ blocks: UnsafeMutableRawPointer) {
    let unit = (1 / scale(code)).replacing(with: 0, where: peak .== 0)
    let words = UnsafeMutableRawPointer(memory.cares)
    for word in 0..<2 {
      var packed = Codes.zero
      for part in 0..<4 {
        let index = 4 &* word &+ part
        let low = E2M1.codes(memory.weights[index], inverse: unit)
        let high = E2M1.codes(memory.weights[index &+ 8], inverse: unit)
        // In 2²³ + byte, the lowest byte is the byte.
        let bytes = unsafeBitCast(low + high * 16 + 8_388_608, to: Codes.self) & 255
        packed |= bytes &<< UInt32(8 &* part)
      }
      words.storeBytes(of: packed, toByteOffset: 64 &* word, as: Codes.self)
    }
    words.storeBytes(of: code, toByteOffset: 128, as: Codes.self)
    for lane in 0..<count {
      let block = blocks + 36 &* (lane &>> 2)
      let part = lane & 3
      let code = words.load(fromByteOffset: 128 &+ 4 &* lane, as: UInt8.self)
      block.storeBytes(of: code, toByteOffset: part, as: UInt8.self)
      for word in 0..<2 {
        let packed = words.load(fromByteOffset: 64 &* word &+ 4 &* lane, as: UInt32.self)
        block.storeBytes(
          of: packed, toByteOffset: 4 &+ 8 &* part &+ 4 &* word, as: UInt32.self)
      }
    }
  }
}
