// SPDX-License-Identifier: MIT

/// Finds entries of a codebook for weights that are restored as d · (2 s + 1) · value, and stores all
/// of it: a half d for the block, a whole number s for each sub-block.
@inlinable @inline(__always)
public func searchGrid(
  _ source: GroupSource, _ shape: SearchShape, _ signs: GridSigns, _ book: Codebook,
  _ memory: GridMemory
) {
  let unit = loadGroup(source, shape, memory.group)
  let group = GridGroup(memory, book, signs, shape)
  var scales = GridScales(group, shape)
  scales.search(shape)
  scales.settle(unit)
  storeCodes(scales.codes, to: memory.group.scaleCodes)
}

/// The scales of a grid search, from the first trial to what is stored.
@usableFromInline
struct GridScales {
  @usableFromInline let group: GridGroup
  @usableFromInline let subBlocks: Int
  @usableFromInline let top: Lanes
  /// The best scale of each sub-block, before rounding.
  @usableFromInline var scale = Lanes.zero
  @usableFromInline var half = Lanes.zero
  @usableFromInline var codes = Lanes.zero
  /// The sums for the entries chosen last.
  @usableFromInline var sums = GridSums()

  @inlinable @inline(__always)
  init(_ group: GridGroup, _ shape: SearchShape) {
    self.group = group
    subBlocks = shape.subBlocks
    group.memory.group.bounds[1] = Lanes(repeating: shape.codes)
    top = group.memory.group.bounds[1]
  }

  /// Tries a ladder of scales, then fits the best one to the entries that it leads to.
  @inlinable @inline(__always)
  mutating func search(_ shape: SearchShape) {
    var peak = Lanes.zero
    for index in 0..<group.weights {
      let weight = group.memory.group.weights[index]
      peak = larger(larger(weight, -weight), peak)
    }
    var least = Lanes(repeating: .infinity)
    for step in 0..<shape.steps {
      let trial = peak * (1 / shape.span(step))
      let cost = group.cost(trial)
      scale.replace(with: trial, where: cost .< least)
      least = smaller(cost, least)
    }
    for _ in 0..<shape.refits {
      sums = group.choose(scale)
      scale = ratio(sums.vx, sums.vv)
    }
  }

  /// Chooses the half and the codes, and leaves the entries for them in memory.
  @inlinable @inline(__always)
  mutating func settle(_ unit: Unit) {
    let target = group.memory.group.scales
    half = storeHalves(bestHalf(), unit, to: target)
    codes = code(half)
    tryNeighbours()
    sums = group.choose(half * odd(codes))
    let cross = blockSum(odd(codes) * sums.vx, of: subBlocks)
    let square = blockSum(odd(codes) * odd(codes) * sums.vv, of: subBlocks)
    half = storeHalves(larger(ratio(cross, square), .zero), unit, to: target)
    tryNeighbours()
    sums = group.choose(half * odd(codes))
  }

  /// What a code multiplies the half by.
  @inlinable @inline(__always)
  func odd(_ code: Lanes) -> Lanes { 2 * code + 1 }

  /// The nearest code for each sub-block's scale.
  @inlinable @inline(__always)
  func code(_ half: Lanes) -> Lanes {
    smaller(larger(rounded((scale * inverse(half) - 1) * 0.5), .zero), top)
  }

  /// Tries halves around the one that gives the largest scale the highest code, and takes the one of
  /// least error after rounding, the entries staying as they were.
  @inlinable @inline(__always)
  func bestHalf() -> Lanes {
    let largest = blockPeak(scale, of: subBlocks)
    var best = Lanes.zero
    var least = Lanes(repeating: .infinity)
    for step in -8...8 {
      let half = largest / odd(top) * (1 / (1 + 0.015 * Float(step)))
      let trial = half * odd(code(half))
      let error = blockSum(trial * (trial * sums.vv - 2 * sums.vx), of: subBlocks)
      best.replace(with: half, where: error .< least)
      least = smaller(error, least)
    }
    return best
  }

  /// Moves each sub-block's code by at most one to where the error is least, choosing entries anew.
  @inlinable @inline(__always)
  mutating func tryNeighbours() {
    let start = codes
    var least = Lanes(repeating: .infinity)
    for step in 0..<3 {
      let trial = smaller(larger(start + Float(step - 1), .zero), top)
      let cost = group.cost(half * odd(trial))
      codes.replace(with: trial, where: cost .< least)
      least = smaller(cost, least)
    }
  }
}
