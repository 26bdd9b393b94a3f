// SPDX-License-Identifier: MIT

/// The largest number of a row, and where it stands first.
@frozen
public struct RowPeak: Equatable, Sendable {
  /// The number.
  public var value: Float
  /// Its place in the row.
  public var index: Int

  /// Makes a peak of its parts.
  @inlinable
  public init(value: Float, index: Int) {
    self.value = value
    self.index = index
  }
}

/// What two rows of logits are compared by.
@frozen
public struct RowDivergence: Equatable, Sendable {
  /// Σ e^a of the first row, a being a logit less the row's peak.
  public var baseSum: Double
  /// Σ e^b of the second row, likewise.
  public var variantSum: Double
  /// Σ e^a · (a - b).
  public var weightedSum: Double

  /// Makes sums of zero.
  @inlinable
  public init() { (baseSum, variantSum, weightedSum) = (0, 0, 0) }
}

/// Vectors added in single precision before their sum goes on in double.
@usableFromInline let rowBlock = 4096

/// What stands for a number that is not there. Unlike -∞ it may be subtracted from itself.
@usableFromInline let rowFiller: Float = -1e30

/// The largest number of a row; of equals the first. A NaN is passed over.
///
/// - Parameters:
///   - row: The numbers.
///   - count: How many there are, below 2²⁴.
///   - scratch: 128 bytes, aligned to 64.
/// - Returns: The number and its place; -∞ and 0 for a row without numbers.
@inlinable @inline(always)
public func rowPeak(
  _ row: UnsafeRawPointer, count: Int, scratch: UnsafeMutableRawPointer
) -> RowPeak {
  var best = Lanes(repeating: -.infinity)
  // Single precision counts vectors exactly, and its masks fit those of the logits.
  var place = Lanes.zero
  var step: Float = 0
  let whole = count & ~(laneCount &- 1)
  for start in stride(from: 0, to: whole, by: laneCount) {
    let group = row.loadUnaligned(fromByteOffset: 4 &* start, as: Lanes.self)
    let isMore = group .> best
    best.replace(with: group, where: isMore)
    place.replace(with: Lanes(repeating: step), where: isMore)
    step += 1
  }
  if whole < count {
    let isMore = rowTail(row, from: whole, count: count, scratch: scratch) .> best
    best.replace(with: scratch.load(as: Lanes.self), where: isMore)
    place.replace(with: Lanes(repeating: step), where: isMore)
  }
  scratch.storeBytes(of: best, as: Lanes.self)
  scratch.storeBytes(of: place, toByteOffset: 64, as: Lanes.self)
  return firstPeak(scratch)
}

/// The first of the lanes' peaks, which lie in `scratch` with the numbers of their vectors behind them.
@inlinable @inline(always)
func firstPeak(_ scratch: UnsafeMutableRawPointer) -> RowPeak {
  var peak = RowPeak(value: -.infinity, index: 0)
  for lane in 0..<laneCount {
    let value = scratch.load(fromByteOffset: 4 &* lane, as: Float.self)
    let vector = scratch.load(fromByteOffset: 64 &+ 4 &* lane, as: Float.self)
    let index = Int(vector) &* laneCount &+ lane
    if value > peak.value || value == peak.value && index < peak.index {
      peak = RowPeak(value: value, index: index)
    }
  }
  return peak
}

/// Σ e^(x - peak) over a row.
///
/// - Parameters:
///   - row: The numbers. -∞ adds nothing; a NaN makes the sum one.
///   - count: How many there are.
///   - peak: The largest of them.
///   - scratch: 128 bytes, aligned to 64.
/// - Returns: The sum, at least 1.
@inlinable @inline(always)
public func exponentialSum(
  _ row: UnsafeRawPointer, count: Int, peak: Float, scratch: UnsafeMutableRawPointer
) -> Double {
  let shift = Lanes(repeating: peak)
  let whole = count & ~(laneCount &- 1)
  var sum = 0.0
  for block in stride(from: 0, to: whole, by: rowBlock) {
    var partial = Lanes.zero
    for start in stride(from: block, to: min(block &+ rowBlock, whole), by: laneCount) {
      let group = row.loadUnaligned(fromByteOffset: 4 &* start, as: Lanes.self)
      partial += exponential(group - shift)
    }
    sum += laneSum(partial, scratch)
  }
  if whole < count {
    let tail = rowTail(row, from: whole, count: count, scratch: scratch)
    sum += laneSum(exponential(tail - shift), scratch)
  }
  return sum
}

/// The sums that the Kullback-Leibler divergence of two rows of logits consists of.
///
/// - Parameters:
///   - base: The logits of the first row.
///   - variant: Those of the second.
///   - count: How many each has.
///   - basePeak: The largest of the first row.
///   - variantPeak: The largest of the second.
///   - scratch: 128 bytes, aligned to 64.
/// - Returns: The sums over all numbers.
@inlinable @inline(always)
public func divergenceSums(
  _ base: UnsafeRawPointer, _ variant: UnsafeRawPointer, count: Int, basePeak: Float,
  variantPeak: Float, scratch: UnsafeMutableRawPointer
) -> RowDivergence {
  let baseShift = Lanes(repeating: basePeak)
  let variantShift = Lanes(repeating: variantPeak)
  let whole = count & ~(laneCount &- 1)
  var sums = RowDivergence()
  for block in stride(from: 0, to: whole, by: rowBlock) {
    var baseSum = Lanes.zero
    var variantSum = Lanes.zero
    var weighted = Lanes.zero
    for start in stride(from: block, to: min(block &+ rowBlock, whole), by: laneCount) {
      let a = finiteLow(row: base, start) - baseShift
      let b = finiteLow(row: variant, start) - variantShift
      let share = exponential(a)
      baseSum += share
      variantSum += exponential(b)
      weighted += share * (a - b)
    }
    sums.baseSum += laneSum(baseSum, scratch)
    sums.variantSum += laneSum(variantSum, scratch)
    sums.weightedSum += laneSum(weighted, scratch)
  }
  if whole < count {
    let a = rowTail(base, from: whole, count: count, scratch: scratch) - baseShift
    let b = rowTail(variant, from: whole, count: count, scratch: scratch) - variantShift
    sums.baseSum += laneSum(exponential(a), scratch)
    sums.variantSum += laneSum(exponential(b), scratch)
    sums.weightedSum += laneSum(exponential(a) * (a - b), scratch)
  }
  return sums
}

/// 16 numbers of a row, those below any that can be subtracted from itself raised to that.
@inlinable @inline(always)
func finiteLow(row: UnsafeRawPointer, _ start: Int) -> Lanes {
  let group = row.loadUnaligned(fromByteOffset: 4 &* start, as: Lanes.self)
  let filler = Lanes(repeating: rowFiller)
  return group.replacing(with: filler, where: group .< filler)
}

/// The last numbers of a row, fewer than 16, and fillers; they stay in `scratch`.
@inlinable @inline(always)
func rowTail(
  _ row: UnsafeRawPointer, from start: Int, count: Int, scratch: UnsafeMutableRawPointer
) -> Lanes {
  scratch.storeBytes(of: Lanes(repeating: rowFiller), as: Lanes.self)
  for index in start..<count {
    let value = row.loadUnaligned(fromByteOffset: 4 &* index, as: Float.self)
    scratch.storeBytes(
      of: value < rowFiller ? rowFiller : value, toByteOffset: 4 &* (index &- start), as: Float.self
    )
  }
  return scratch.load(as: Lanes.self)
}

/// The sum over the lanes, in double precision.
@inlinable @inline(always)
func laneSum(_ lanes: Lanes, _ scratch: UnsafeMutableRawPointer) -> Double {
  scratch.storeBytes(of: lanes, as: Lanes.self)
  var sum = 0.0
  for lane in 0..<laneCount {
    sum += Double(scratch.load(fromByteOffset: 4 &* lane, as: Float.self))
  }
  return sum
}
