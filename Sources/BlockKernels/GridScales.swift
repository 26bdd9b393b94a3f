// SPDX-License-Identifier: MIT

/// Finds entries of a codebook for weights that are restored as d · (2 s + 1) · value, and stores all
/// of it: a half d for the block, a whole number s for each sub-block.
@inlinable @inline(always)
public func searchGrid(
  _ source: GroupSource, _ shape: SearchShape, _ signs: GridSigns, _ book: Codebook,
  _ memory: GridMemory
) {
  let unit = loadGroup(source, shape, memory.group)
  let group = GridGroup(memory, book, signs, shape)
  var scales = GridScales(group, shape)
  for round in 0...shape.refits {
    // The ladder only looks for a start, and need not see which entries there are.
    scales.tryScales(round, shape, exact: round > 0)
    let sums = group.choose(scales.scale)
    if round == shape.refits { break }
    scales.chooseHalf(round, sums, unit)
  }
  storeCodes(scales.codes, to: memory.group.scaleCodes)
}

/// The scales of a grid search, from the first trial to what is stored.
@usableFromInline
struct GridScales {
  @usableFromInline let group: GridGroup
  @usableFromInline let subBlocks: Int
  @usableFromInline let top: Lanes
  /// The largest weight.
  @usableFromInline var peak = Lanes.zero
  /// The scale of each sub-block: the best of a ladder, or `half` · (2 `codes` + 1).
  @usableFromInline var scale = Lanes.zero
  @usableFromInline var half = Lanes.zero
  @usableFromInline var codes = Lanes.zero

  @inlinable @inline(always)
  init(_ group: GridGroup, _ shape: SearchShape) {
    self.group = group
    subBlocks = shape.subBlocks
    group.memory.group.bounds[1] = Lanes(repeating: shape.codes)
    top = group.memory.group.bounds[1]
    for index in 0..<group.weights {
      let weight = group.memory.group.weights[index]
      peak = larger(larger(weight, -weight), peak)
    }
  }

  /// Takes the best of several scales: first those of a ladder, later each sub-block's code and its
  /// neighbours.
  @inlinable @inline(always)
  mutating func tryScales(_ round: Int, _ shape: SearchShape, exact: Bool) {
    let start = codes
    let memory = group.memory
    var least = Lanes(repeating: .infinity)
    for step in 0..<(round == 0 ? shape.steps : 3) {
      let code = smaller(larger(start + Float(step - 1), .zero), top)
      let trial = round == 0 ? peak * (1 / shape.span(step)) : half * odd(code)
      let cost = group.cost(trial, exact: exact)
      let better = cost .< least
      least = smaller(cost, least)
      scale.replace(with: trial, where: better)
      codes.replace(with: code, where: better)
      if !group.signs.isShifted { continue }
      for index in 0..<group.groups {
        memory.bestShifts[index].replace(with: memory.trialShifts[index], where: better)
      }
    }
  }

  /// Fits the half to the entries chosen last: at first to the scales that fit each sub-block best,
  /// then to their codes.
  @inlinable @inline(always)
  mutating func chooseHalf(_ round: Int, _ sums: GridSums, _ unit: Unit) {
    var wanted: Lanes
    if round == 0 {
      scale = ratio(sums.vx, sums.vv)
      wanted = bestHalf(sums)
    } else {
      let cross = blockSum(odd(codes) * sums.vx, of: subBlocks)
      let square = blockSum(odd(codes) * odd(codes) * sums.vv, of: subBlocks)
      wanted = ratio(cross, square)
    }
    half = storeHalves(larger(wanted, .zero), unit, to: group.memory.group.scales)
    if round == 0 { codes = code(half) }
  }

  /// What a code multiplies the half by.
  @inlinable @inline(always)
  func odd(_ code: Lanes) -> Lanes { 2 * code + 1 }

  /// The nearest code for each sub-block's scale.
  @inlinable @inline(always)
  func code(_ half: Lanes) -> Lanes {
    smaller(larger(rounded((scale * inverse(half) - 1) * 0.5), .zero), top)
  }

  /// Tries halves around the one that gives the largest scale the highest code, and takes the one of
  /// least error after rounding, the entries staying as they were.
  @inlinable @inline(always)
  func bestHalf(_ sums: GridSums) -> Lanes {
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
}
