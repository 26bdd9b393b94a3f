// SPDX-License-Identifier: MIT

/// Turns the scales and mins that a search found into whole numbers under a block's two halves.
///
/// Weights x are restored as d · s · q - e · m. Rounding s and m to 4 or 6 bits moves them away from
/// what the quants were fitted to; so the halves are chosen for least error after that rounding,
/// then, in rounds, each sub-block's s and m are tried with their neighbours, quants rounded anew each
/// time, and the halves are fitted once more to what came out.
@usableFromInline
struct SharedAffine {
  @usableFromInline let group: AffineGroup
  @usableFromInline let across: AcrossLanes
  @usableFromInline let top: Lanes
  /// The largest min is y's offset of zero: mins are `limit` less the offset.
  @usableFromInline let limit: Lanes
  @usableFromInline var scaleHalf = Lanes.zero
  @usableFromInline var minHalf = Lanes.zero
  @usableFromInline var scaleCode = Lanes.zero
  @usableFromInline var minCode = Lanes.zero
  @usableFromInline let fit: AffineFit
  @usableFromInline let errors: UnsafeMutablePointer<Lanes>

  @inlinable @inline(always)
  init(_ group: AffineGroup, _ fit: AffineFit, _ shape: SearchShape) {
    self.group = group
    self.fit = fit
    across = AcrossLanes(group.memory, shape)
    group.memory.bounds[2] = Lanes(repeating: shape.codes)
    top = group.memory.bounds[2]
    limit = group.limit
    errors = group.memory.rungErrors
  }

  /// Chooses everything and stores it.
  @inlinable @inline(always)
  mutating func settle(_ unit: Unit, rounds: Int) {
    let memory = group.memory
    chooseScales()
    scaleHalf = storeHalves(scaleHalf, unit, to: memory.scales)
    scaleCode = code(fit.scale, scaleHalf)
    chooseMins()
    minHalf = storeHalves(minHalf, unit, to: memory.mins)
    minCode = code(bestMin(scaleHalf * scaleCode), minHalf)
    for round in 0..<rounds {
      if round > 0 {
        fitHalves()
        scaleHalf = storeHalves(scaleHalf, unit, to: memory.scales)
        minHalf = storeHalves(minHalf, unit, to: memory.mins)
      }
      tryNeighbours()
    }
    storeCodes(scaleCode, to: memory.scaleCodes)
    storeCodes(minCode, to: memory.minCodes)
    let again = inverse(scaleHalf * scaleCode)
    storeQuants(
      memory, weights: group.weights, inverse: again,
      shift: minHalf * minCode * again)
  }

  /// The nearest code for a scale or min.
  @inlinable @inline(always)
  func code(_ value: Lanes, _ half: Lanes) -> Lanes {
    smaller(larger(rounded(value * inverse(half)), .zero), top)
  }

  /// The best min for a scale, the quants staying as the search left them.
  @inlinable @inline(always)
  func bestMin(_ scale: Lanes) -> Lanes {
    limit - smaller(ratio(group.ySum - scale * fit.sums.q, group.errorWeightSum), limit)
  }

  /// The error, less a constant, of a scale and min, the quants staying as the search left them.
  @inlinable @inline(always)
  func error(scale: Lanes, min: Lanes) -> Lanes {
    let offset = limit - min
    return scale * (scale * fit.sums.qq - 2 * fit.sums.qy)
      + offset * (2 * (scale * fit.sums.q - group.ySum) + offset * group.errorWeightSum)
  }

  /// Tries shared scales up to 4 % around the one that gives the largest scale the highest code.
  @inlinable @inline(always)
  mutating func chooseScales() {
    let largest = across.peak(fit.scale) / top
    for rung in 0..<HalfLadder.count {
      let half = largest * HalfLadder.factor(Lanes(repeating: Float(rung)))
      let scale = half * code(fit.scale, half)
      errors[rung] = error(scale: scale, min: bestMin(scale))
    }
    scaleHalf = largest * HalfLadder.factor(across.bestRung(errors, of: HalfLadder.count))
  }

  /// Likewise for the mins, with the scales as they now are.
  @inlinable @inline(always)
  mutating func chooseMins() {
    let scale = scaleHalf * scaleCode
    let min = bestMin(scale)
    let largest = across.peak(min) / top
    for rung in 0..<HalfLadder.count {
      let half = largest * HalfLadder.factor(Lanes(repeating: Float(rung)))
      errors[rung] = error(scale: scale, min: half * code(min, half))
    }
    minHalf = largest * HalfLadder.factor(across.bestRung(errors, of: HalfLadder.count))
  }

  /// Moves each sub-block's codes by at most one to where the error is least.
  ///
  /// A larger scale goes with a larger min, so of the nine pairs the two that move them against
  /// each other are left out.
  @inlinable @inline(always)
  mutating func tryNeighbours() {
    let scaleStart = scaleCode
    let minStart = minCode
    var least = Lanes(repeating: .infinity)
    for scaleStep in -1...1 {
      for minStep in -1...1 where scaleStep * minStep >= 0 {
        let scale = smaller(larger(scaleStart + Float(scaleStep), .zero), top)
        let min = smaller(larger(minStart + Float(minStep), .zero), top)
        let error = group.error(scale: scaleHalf * scale, offset: limit - minHalf * min)
        let better = error .< least
        scaleCode.replace(with: scale, where: better)
        minCode.replace(with: min, where: better)
        least = smaller(error, least)
      }
    }
  }

  /// Fits both halves to the codes and the quants rounded with them, over the whole block.
  @inlinable @inline(always)
  mutating func fitHalves() {
    let scale = scaleHalf * scaleCode
    let again = inverse(scale)
    let sums = group.sums(inverse: again, shift: (minHalf * minCode - limit) * again)
    // With x = y - limit, Σ w (x - d s q + e m)² over the block is least where its derivatives vanish.
    let qx = sums.qy - limit * sums.q
    let x = group.ySum - limit * group.errorWeightSum
    let ss = across.sum(scaleCode * scaleCode * sums.qq)
    let sm = across.sum(scaleCode * minCode * sums.q)
    let mm = across.sum(minCode * minCode * group.errorWeightSum)
    let sx = across.sum(scaleCode * qx)
    let mx = across.sum(minCode * x)
    let determinant = ss * mm - sm * sm
    let newScale = (sx * mm - sm * mx) / determinant
    let newMin = (sm * sx - ss * mx) / determinant
    let regular = determinant .> ss * mm * 1e-5
    // Nearly singular, or negative: the halves stay as they were.
    let sensible = regular .& (newScale .> 0) .& (newMin .>= 0)
    scaleHalf.replace(with: newScale, where: sensible)
    minHalf.replace(with: newMin, where: sensible)
  }
}
