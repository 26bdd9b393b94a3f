// SPDX-License-Identifier: MIT

/// Finds entries of a codebook for weights that are restored as d · (2 s + 1) · value, and stores all
/// of it: a half d for the block, a whole number s for each sub-block.
///
/// A ladder of scales finds where to look, then scales close to the best one are held against the
/// entries that there are. The entries for each sub-block's scale decide on the half; from then on
/// scales are whole numbers under it, each tried with its neighbours.
@inlinable @inline(always)
public func searchGrid(
  _ source: GroupSource, _ shape: GridShape, _ book: Codebook, _ memory: GridMemory
) {
  let unit = loadGroup(source, shape.base, memory.group)
  let group = GridGroup(memory, book, shape)
  var scales = GridScales(group, shape)
  // Each step has one place in one loop, because all of it is inlined into the level's entry.
  let last = shape.base.rounds + 1
  for round in 0...last {
    scales.tryScales(round, shape)
    if round == 0 { continue }
    let isQuick = shape.fitsLevels && round < last
    let sums = isQuick ? group.nearestLevels(scales.scale) : group.choose(scales.scale)
    if round < last { scales.chooseHalf(round, sums, unit) }
  }
  storeCodes(scales.codes, to: memory.group.scaleCodes)
}

/// The scales of a grid search, from the first trial to what is stored.
@usableFromInline
struct GridScales {
  @usableFromInline let group: GridGroup
  @usableFromInline let across: AcrossLanes
  @usableFromInline let top: Lanes
  /// The scale of each sub-block: the best of a ladder, or `half` · (2 `codes` + 1).
  @usableFromInline var scale = Lanes.zero
  @usableFromInline var half = Lanes.zero
  @usableFromInline var codes = Lanes.zero

  @inlinable @inline(always)
  init(_ group: GridGroup, _ shape: GridShape) {
    self.group = group
    across = AcrossLanes(group.memory.group, shape.base)
    group.memory.group.bounds[1] = Lanes(repeating: shape.base.codes)
    top = group.memory.group.bounds[1]
  }

  /// Takes the best of several scales: in round 0 of a ladder, in round 1 of those close by, later of
  /// each sub-block's code and its neighbours.
  @inlinable @inline(always)
  mutating func tryScales(_ round: Int, _ shape: GridShape) {
    let codeStart = codes
    let scaleStart = scale
    let memory = group.memory
    let trials = round == 0 ? shape.base.steps : round == 1 ? shape.closeTrials : 3
    let exact = round == 1 || round > 1 && shape.exactCodes
    var least = Lanes(repeating: .infinity)
    for step in 0..<trials {
      let code = smaller(larger(codeStart + Float(step - 1), .zero), top)
      var trial = half * odd(code)
      if round == 0 { trial = group.peak * (1 / shape.base.span(step)) }
      if round == 1 { trial = scaleStart * shape.closeFactor(step) }
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
    if round == 1 {
      scale = ratio(sums.vx, sums.vv)
      wanted = bestHalf(sums)
    } else {
      let cross = across.sum(odd(codes) * sums.vx)
      let square = across.sum(odd(codes) * odd(codes) * sums.vv)
      wanted = ratio(cross, square)
    }
    half = storeHalves(larger(wanted, .zero), unit, to: group.memory.group.scales)
    if round == 1 { codes = code(half) }
  }

  /// What a code multiplies the half by.
  @inlinable @inline(always)
  func odd(_ code: Lanes) -> Lanes { 2 * code + 1 }

  /// The nearest code for each sub-block's scale.
  @inlinable @inline(always)
  func code(_ half: Lanes) -> Lanes {
    smaller(larger(rounded((scale * inverse(half) - 1) * 0.5), .zero), top)
  }

  /// Tries halves up to 12 % around the one that gives the largest scale the highest code, and takes
  /// the one of least error after rounding, the entries staying as they were.
  @inlinable @inline(always)
  func bestHalf(_ sums: GridSums) -> Lanes {
    let errors = group.memory.group.rungErrors
    let first = across.peak(scale) / odd(top)
    for rung in 0..<GroupMemory.rungs {
      let half = first * factor(Lanes(repeating: Float(rung)))
      let trial = half * odd(code(half))
      errors[rung] = trial * (trial * sums.vv - 2 * sums.vx)
    }
    return first * factor(across.bestRung(errors, of: GroupMemory.rungs))
  }

  /// What the halves of these rungs are multiplied by; that of rung 5 is 1.
  @inlinable @inline(always)
  func factor(_ rung: Lanes) -> Lanes { 1 / (rung * 0.024 + 0.88) }
}
