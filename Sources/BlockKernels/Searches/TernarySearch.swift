// SPDX-License-Identifier: MIT

/// Encodes blocks of 256 weights that are restored as scale · q, q from -1 to 1.
///
/// Lanes are weights that follow each other. A weight is not zero where its magnitude exceeds a
/// threshold; the best scale for a threshold is Σ w |x| / Σ w over those weights, and by that the
/// error falls by (Σ w |x|)² / Σ w. A ladder of thresholds, a finer one around the best, and a refit
/// come to within a ten-thousandth of the best error.
///
/// - Parameters:
///   - source: `count` blocks, any number, of whole rows.
///   - packing: Where a block keeps its fields.
///   - isQuick: Whether to leave out the finer ladder.
///   - memory: Anything; it is overwritten.
///   - blocks: Takes the blocks.
@inlinable @inline(always)
public func encodeTernary(
  _ source: GroupSource, _ packing: TernaryPacking, isQuick: Bool, _ memory: GroupMemory,
  _ blocks: UnsafeMutableRawPointer
) {
  var column = source.column
  for index in 0..<source.count {
    let block = TernaryBlock(memory)
    let peak = block.load(
      source.weights + 256 &* index, importance: source.importance.map { $0 + column })
    let scale = nearestHalf(block.bestScale(isQuick: isQuick) * peak)
    block.round(source.weights + 256 &* index, inverse: scale == 0 ? 0 : 1 / scale)
    let target = blocks + packing.bytesPerBlock &* index
    switch packing {
    case .TQ1_0: block.packBaseThree(target)
    case .TQ2_0: block.packPairs(target)
    }
    target.storeBytes(
      of: Float16(scale).bitPattern.littleEndian, toByteOffset: packing.bytesPerBlock &- 2,
      as: UInt16.self)
    column += 256
    if column == source.rowWeights { column = 0 }
  }
}

/// How a block keeps 256 ternary digits; the scale follows them.
public enum TernaryPacking: Sendable {
  /// Five digits a byte.
  case TQ1_0
  /// Four digits a byte.
  case TQ2_0

  /// Bytes of a block.
  @inlinable @inline(always)
  var bytesPerBlock: Int {
    switch self {
    case .TQ1_0: 54
    case .TQ2_0: 66
    }
  }
}

/// One block of 256 weights, in 16 vectors of the memory.
@usableFromInline
struct TernaryBlock {
  @usableFromInline static let vectors = 16
  /// Magnitudes, the largest being 1.
  @usableFromInline let magnitudes: UnsafeMutablePointer<Lanes>
  /// The importance of each, the largest being 1.
  @usableFromInline let errorWeights: UnsafeMutablePointer<Lanes>
  /// The digits: 0, 1 or 2, in 32 bits each.
  @usableFromInline let digits: UnsafeMutableRawPointer
  /// The sums of the thresholds that are tried together.
  @usableFromInline let sums: UnsafeMutablePointer<Lanes>
  /// A vector whose lanes are to be read one by one.
  @usableFromInline let spare: UnsafeMutableRawPointer

  @inlinable @inline(always)
  init(_ memory: GroupMemory) {
    magnitudes = memory.weights
    errorWeights = memory.errorWeights
    digits = UnsafeMutableRawPointer(memory.derived)
    sums = memory.rungErrors
    spare = UnsafeMutableRawPointer(memory.spare)
  }

  /// Brings the weights into memory and returns their largest magnitude.
  @inlinable @inline(always)
  func load(_ weights: UnsafePointer<Float>, importance: UnsafePointer<Float>?) -> Float {
    var peaks = Lanes.zero
    for index in 0..<Self.vectors {
      let weight = vector(weights, index)
      magnitudes[index] = larger(weight, -weight)
      peaks = larger(magnitudes[index], peaks)
    }
    let peak = largest(peaks)
    // No half-precision scale can hold a block below 1e-20.
    let unit = Lanes(repeating: peak > 1e-20 ? 1 / peak : 0)
    for index in 0..<Self.vectors {
      magnitudes[index] *= unit
      errorWeights[index] = Lanes(repeating: 1)
    }
    if let importance { load(importance: importance) }
    return peak
  }

  /// Columns that the importance matrix never saw still count a little, and alone, all alike.
  @inlinable @inline(always)
  func load(importance: UnsafePointer<Float>) {
    var peaks = Lanes.zero
    for index in 0..<Self.vectors { peaks = larger(vector(importance, index), peaks) }
    let unit = inverse(Lanes(repeating: largest(peaks)))
    let least = Lanes(repeating: 0x1p-20)
    for index in 0..<Self.vectors {
      errorWeights[index] = larger(vector(importance, index) * unit, least)
    }
  }

  /// The scale of least error, in units of the largest magnitude.
  @inlinable @inline(always)
  func bestScale(isQuick: Bool) -> Float {
    var best = TernaryFit()
    // Half the peak down to a twentieth of it: a block that already is ternary, or has one outlier,
    // is at one end, long tails at the other.
    // Then around the best, and around the threshold that belongs to the scale found: half of it.
    var first: Float = 0.5
    var ratio: Float = 0.72
    for pass in 0..<5 {
      if isQuick, pass == 2 || pass == 3 { continue }
      switch pass {
      case 0: break
      case 1: first = 0.1343693
      case 2: (first, ratio) = (best.threshold * 0.77, 1.0675)
      case 3: first *= 1.386
      default: (first, ratio) = (best.scale * 0.47, 1.03)
      }
      tryFour(first, by: ratio, &best)
    }
    return best.scale
  }

  /// Tries four thresholds in one pass over the weights.
  @inlinable @inline(always)
  func tryFour(_ first: Float, by ratio: Float, _ best: inout TernaryFit) {
    let second = first * ratio
    let third = second * ratio
    let fourth = third * ratio
    var a = TernarySums(first)
    var b = TernarySums(second)
    var c = TernarySums(third)
    var d = TernarySums(fourth)
    for index in 0..<Self.vectors {
      let magnitude = magnitudes[index]
      let errorWeight = errorWeights[index]
      let product = magnitude * errorWeight
      a.add(magnitude, errorWeight, product)
      b.add(magnitude, errorWeight, product)
      c.add(magnitude, errorWeight, product)
      d.add(magnitude, errorWeight, product)
    }
    sums[0] = a.products
    sums[1] = b.products
    sums[2] = c.products
    sums[3] = d.products
    sums[4] = a.errorWeights
    sums[5] = b.errorWeights
    sums[6] = c.errorWeights
    sums[7] = d.errorWeights
    var threshold = first
    for index in 0..<4 {
      best.improve(threshold, total(index), total(4 &+ index))
      threshold *= ratio
    }
  }

  /// Rounds the weights to digits.
  @inlinable @inline(always)
  func round(_ weights: UnsafePointer<Float>, inverse: Float) {
    let low = Lanes(repeating: -1)
    let high = Lanes(repeating: 1)
    for index in 0..<Self.vectors {
      let quant = smaller(larger(rounded(vector(weights, index) * inverse), low), high)
      // In 2²³ + digit, the lowest byte is the digit.
      let bits = unsafeBitCast(quant + 8_388_609, to: SIMD16<UInt32>.self) & 3
      digits.storeBytes(of: bits, toByteOffset: 64 &* index, as: SIMD16<UInt32>.self)
    }
  }

  @inlinable @inline(always)
  func vector(_ numbers: UnsafePointer<Float>, _ index: Int) -> Lanes {
    UnsafeRawPointer(numbers).loadUnaligned(fromByteOffset: 64 &* index, as: Lanes.self)
  }

  /// The largest of 16 numbers that are not negative.
  @inlinable @inline(always)
  func largest(_ value: Lanes) -> Float {
    spare.storeBytes(of: value, as: Lanes.self)
    var largest: Float = 0
    for lane in 0..<laneCount {
      let number = spare.load(fromByteOffset: 4 &* lane, as: Float.self)
      if number > largest { largest = number }
    }
    return largest
  }

  /// The lanes of a sum added up, in an order that is the same at every level.
  @inlinable @inline(always)
  func total(_ index: Int) -> Float {
    let lanes = UnsafeRawPointer(sums) + 64 &* index
    let four =
      lanes.load(as: SIMD4<Float>.self) + lanes.load(fromByteOffset: 16, as: SIMD4<Float>.self)
      + lanes.load(fromByteOffset: 32, as: SIMD4<Float>.self)
      + lanes.load(fromByteOffset: 48, as: SIMD4<Float>.self)
    return (four.x + four.y) + (four.z + four.w)
  }
}

/// The best threshold so far.
@usableFromInline
struct TernaryFit {
  @usableFromInline var threshold: Float = 0.5
  @usableFromInline var scale: Float = 0
  /// By how much the error is below that of zeros.
  @usableFromInline var gain: Float = 0

  @inlinable @inline(always) init() {}

  /// Takes a threshold over that gains more.
  @inlinable @inline(always)
  mutating func improve(_ threshold: Float, _ products: Float, _ errorWeights: Float) {
    let scale = errorWeights > 0 ? products / errorWeights : 0
    let gain = scale * products
    if gain > self.gain { (self.threshold, self.scale, self.gain) = (threshold, scale, gain) }
  }
}

/// Σ w |x| and Σ w over the weights beyond a threshold.
@usableFromInline
struct TernarySums {
  @usableFromInline let threshold: Lanes
  @usableFromInline var products = Lanes.zero
  @usableFromInline var errorWeights = Lanes.zero

  @inlinable @inline(always)
  init(_ threshold: Float) { self.threshold = Lanes(repeating: threshold) }

  @inlinable @inline(always)
  mutating func add(_ magnitude: Lanes, _ errorWeight: Lanes, _ product: Lanes) {
    // One mask used twice would be turned into vectors and back.
    let isBeyond = Lanes.zero.replacing(with: 1, where: magnitude .> threshold)
    products += product * isBeyond
    errorWeights += errorWeight * isBeyond
  }
}
