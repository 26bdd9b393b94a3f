// SPDX-License-Identifier: MIT

/// 2.25 bits a weight: -1, 0, 1 or 2 times a scale each 64.
///
///     offset bytes field
///          0     2 d      half: scale
///          2    16 q      2 bits a weight, four that follow each other in a byte, the first lowest
///
/// Restored: weight = d · (q - 1).
///
/// The levels are not symmetric, so the sign of d chooses which side reaches two steps far.
public enum Q2_0: KernelEncodedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q2_0, "Q2_0", weights: 64, bytes: 18,
    fileTypes: [.init(41, "Q2_0")],
    fallback: .Q4_0, activations: .Q8_0)

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: shift, mask, multiply.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let places = SIMD16<UInt32>(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
    for index in 0..<run.count {
      let block = run.blocks + 18 &* index
      let target = run.weights + 256 &* index
      let d = half(block)
      for part in 0..<4 {
        let word = word32(block + (2 &+ 4 &* part))
        let q = ((SIMD16(repeating: word) &>> places) & 3) &- 1
        let signed = unsafeBitCast(q, to: SIMD16<Int32>.self)
        var levels = Lanes.zero
        for lane in 0..<16 { levels[lane] = Float(signed[lane]) }
        store(d * levels, target + 64 &* part)
      }
    }
  }

  /// Writes weights with a scale, of either sign, whose squared error is about the least.
  ///
  /// The reference takes the largest magnitude as the scale and never uses the level 2.
  @inlinable @inline(always)
  public static func encodeBlocks(
    _ source: GroupSource, _ effort: Effort, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    encodeQ2_0(source, shape(effort), memory, blocks)
  }

  /// What is asked of the search.
  @usableFromInline static func shape(_ effort: Effort) -> SearchShape {
    SearchShape(
      weights: 64, levels: 2, firstStep: 0, lastStep: 0, steps: 8, bothSides: true, refits: 1
    ).at(effort, bits: layout.bitsPerWeight)
  }
}

extension Q2_0: RestoredFormat {
  static var restoring: FeedbackShape {
    FeedbackShape(
      subBlock: 64, blockWeights: 64, codes: .whole(lowest: -1, highest: 2), scale: .half)
  }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    storedHalf(in: block, at: 0)
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    block.set(Half.exact(scales[0]), at: 0)
    for byte in 0..<16 {
      var packed: UInt8 = 0
      for place in 0..<4 { packed |= UInt8(values[4 * byte + place] + 1) << UInt8(2 * place) }
      block.set(packed, at: 2 + byte)
    }
  }
}

extension TensorType {
  /// 2-bit quants with a scale for 64.
  public static let Q2_0 = TensorType(rawValue: 42)
}

/// Encodes Q2_0 blocks with scales, of either sign, of about the least squared error.
///
/// Lanes are blocks of 64 weights. For quants q and importance w, the error is least at the scale
/// Σ w x q / Σ w q², and then lower by (Σ w x q)² / Σ w q² than that of zeros. A ladder of trial
/// scales of both signs finds the sign and where to look; a finer one around its best, and refits,
/// come to within a thousandth of the best error.
///
/// - Parameters:
///   - source: `count` blocks, any number, of whole rows.
///   - shape: 64 weights, and the ladder's rungs; half as many are tried around the best.
///   - memory: Anything; it is overwritten.
///   - blocks: Takes the blocks, 18 bytes each.
@inlinable @inline(always)
public func encodeQ2_0(
  _ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory,
  _ blocks: UnsafeMutableRawPointer
) {
  var group = source
  var rest = source.count
  var target = blocks
  while rest > 0 {
    group.count = rest < laneCount ? rest : laneCount
    let search = Q2_0Group(group, memory)
    search.store(search.bestScale(shape), group.count, target)
    rest -= group.count
    group.weights += 64 &* laneCount
    group.column = (group.column &+ 64 &* laneCount) % group.rowWeights
    target += 18 &* laneCount
  }
}

/// A scale for each block with what it gains.
@usableFromInline
struct Q2_0Fit {
  @usableFromInline var scale = Lanes.zero
  /// By how much the error is below that of zeros.
  @usableFromInline var gain = Lanes.zero
  /// What weights were multiplied with before they were rounded.
  @usableFromInline var inverse = Lanes(repeating: 1)
  /// 1, or -1 where weights change their sign.
  @usableFromInline var sign = Lanes(repeating: 1)

  @inlinable @inline(always) init() {}

  /// Takes over the lanes in which the quants with these sums gain more.
  @inlinable @inline(always)
  mutating func improve(_ qx: Lanes, _ qq: Lanes, _ inverse: Lanes, sign: Float) {
    let scale = ratio(qx, qq)
    let gain = scale * qx
    // Where the product is negative, so is the scale: that is the other sign's to find.
    let better = gain.replacing(with: 0, where: qx .< 0) .> self.gain
    self.scale.replace(with: scale, where: better)
    self.gain.replace(with: gain, where: better)
    self.inverse.replace(with: inverse, where: better)
    self.sign.replace(with: sign, where: better)
  }
}

/// A group of 16 blocks in which weights are restored as scale · q, q from -1 to 2.
@usableFromInline
struct Q2_0Group {
  @usableFromInline static let weights = 64

  @usableFromInline let memory: GroupMemory
  @usableFromInline let unit: Unit
  /// The mean magnitude, each weight counted by its importance.
  @usableFromInline let mean: Lanes

  /// Loads weights, the largest becoming 1, and their importance, likewise.
  @inlinable @inline(always)
  init(_ source: GroupSource, _ memory: GroupMemory) {
    self.memory = memory
    memory.bounds[0] = Lanes(repeating: -1)
    memory.bounds[1] = Lanes(repeating: 2)
    memory.bounds[2] = Lanes(repeating: -2)
    memory.bounds[3] = Lanes(repeating: 1)
    transpose(source, Self.weights, memory)
    var peak = Lanes.zero
    var mostImportant = Lanes.zero
    for index in 0..<Self.weights {
      peak = larger(memory.weights[index].magnitudes, peak)
      mostImportant = larger(memory.errorWeights[index], mostImportant)
    }
    unit = Unit(peak: peak)
    // Columns that the importance matrix never saw still count a little, and alone, all alike.
    let importanceUnit = inverse(mostImportant)
    let leastImportance = Lanes(repeating: 0x1p-20)
    var errorWeightSum = Lanes.zero
    var magnitudeSum = Lanes.zero
    for index in 0..<Self.weights {
      let weight = memory.weights[index] * unit.inverse
      let errorWeight = larger(memory.errorWeights[index] * importanceUnit, leastImportance)
      memory.weights[index] = weight
      memory.errorWeights[index] = errorWeight
      errorWeightSum += errorWeight
      magnitudeSum += errorWeight * weight.magnitudes
    }
    mean = ratio(magnitudeSum, errorWeightSum)
  }

  /// The best scale of a ladder, of a finer one, and of refits; leaves weights with the sign changed
  /// where the scale is negative.
  @inlinable @inline(always)
  func bestScale(_ shape: SearchShape) -> Q2_0Fit {
    var best = Q2_0Fit()
    // From the largest weight as 1, for a block that has no others, to the mean as 1.3: beyond
    // that, more weights are cut off than gain.
    let one = Lanes(repeating: 1)
    let last = larger(ratio(Lanes(repeating: 1.3), mean), one + 1)
    let step = (last - one) * (1 / Float(max(shape.steps - 1, 1)))
    for rung in 0..<shape.steps { tryBothSigns(one + step * Float(rung), &best) }
    for index in 0..<Self.weights { memory.weights[index] *= best.sign }
    let sign = best.sign
    let middle = best.inverse
    let fine = shape.steps / 2
    let apart = 2 / Float(fine + 1)
    // Each step has one place in one loop, because all of it is inlined.
    for trial in 1...fine + shape.refits {
      let near = middle + step * (apart * Float(trial) - 1)
      tryOne(trial <= fine ? near : inverse(best.scale), &best)
    }
    best.sign = sign
    return best
  }

  /// Tries one scale with both signs.
  @inlinable @inline(always)
  func tryBothSigns(_ inverse: Lanes, _ best: inout Q2_0Fit) {
    let low = memory.bounds[0]
    let high = memory.bounds[1]
    let lower = memory.bounds[2]
    let higher = memory.bounds[3]
    var (upX, upQ, downX, downQ) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    for index in 0..<Self.weights {
      let weight = memory.weights[index]
      let errorWeight = memory.errorWeights[index]
      let nearest = rounded(weight * inverse)
      let up = smaller(larger(nearest, low), high)
      let down = smaller(larger(nearest, lower), higher)
      let weightedUp = errorWeight * up
      let weightedDown = errorWeight * down
      upX += weightedUp * weight
      upQ += weightedUp * up
      downX += weightedDown * weight
      downQ += weightedDown * down
    }
    best.improve(upX, upQ, inverse, sign: 1)
    best.improve(downX, downQ, inverse, sign: -1)
  }

  /// Tries one scale.
  @inlinable @inline(always)
  func tryOne(_ inverse: Lanes, _ best: inout Q2_0Fit) {
    let low = memory.bounds[0]
    let high = memory.bounds[1]
    var (qx, qq) = (Lanes.zero, Lanes.zero)
    for index in 0..<Self.weights {
      let weight = memory.weights[index]
      let quant = smaller(larger(rounded(weight * inverse), low), high)
      let cared = memory.errorWeights[index] * quant
      qx += cared * weight
      qq += cared * quant
    }
    best.improve(qx, qq, inverse, sign: 1)
  }

  /// Rounds with the scales that were settled on and stores the first `count` blocks.
  @inlinable @inline(always)
  func store(_ found: Q2_0Fit, _ count: Int, _ blocks: UnsafeMutableRawPointer) {
    let scale = storeHalves(found.scale * found.sign, unit, to: memory.scales) * found.sign
    let unit = inverse(scale)
    let words = UnsafeMutableRawPointer(memory.derived)
    for word in 0..<4 {
      var packed = SIMD16<UInt32>.zero
      for part in 0..<16 {
        let number = memory.weights[16 &* word &+ part] * unit
        let quant = smaller(larger(rounded(number), memory.bounds[0]), memory.bounds[1])
        // In 2²³ + 1 + quant, the lowest bits are the quant as it is stored.
        let bits = unsafeBitCast(quant + 8_388_609, to: SIMD16<UInt32>.self) & 3
        packed |= bits &<< UInt32(2 &* part)
      }
      words.storeBytes(of: packed, toByteOffset: 64 &* word, as: SIMD16<UInt32>.self)
    }
    let scales = UnsafeRawPointer(memory.scales)
    for lane in 0..<count {
      let block = blocks + 18 &* lane
      let half = Float16(scales.load(fromByteOffset: 4 &* lane, as: Float.self))
      block.storeBytes(of: half.bitPattern.littleEndian, as: UInt16.self)
      for word in 0..<4 {
        let packed = words.load(fromByteOffset: 64 &* word &+ 4 &* lane, as: UInt32.self)
        block.storeBytes(of: packed, toByteOffset: 2 &+ 4 &* word, as: UInt32.self)
      }
    }
  }
}
