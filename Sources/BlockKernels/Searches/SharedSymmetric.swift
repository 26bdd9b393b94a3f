// SPDX-License-Identifier: MIT

/// A group in which weights are restored as scale · q, the scale of either sign.
@usableFromInline
protocol ScaledGroup {
  /// Rounds x · inverse to the format's quants and fits the scale to them.
  func fit(inverse: Lanes) -> SymmetricFit
}

/// Turns the scales that a search found into whole numbers under a block's half.
@usableFromInline
struct SharedSymmetric {
  @usableFromInline let memory: GroupMemory
  @usableFromInline let fit: SymmetricFit
  @usableFromInline let across: AcrossLanes
  @usableFromInline let low: Lanes
  @usableFromInline let high: Lanes
  /// The scale of largest magnitude.
  @usableFromInline let extreme: Lanes

  @inlinable @inline(always)
  init(_ group: SymmetricGroup, _ fit: SymmetricFit, _ shape: SearchShape) {
    self.fit = fit
    memory = group.memory
    across = AcrossLanes(group.memory, shape)
    group.memory.bounds[2] = Lanes(repeating: -shape.codes)
    group.memory.bounds[3] = Lanes(repeating: shape.codes - 1)
    low = group.memory.bounds[2]
    high = group.memory.bounds[3]
    let most = across.peak(fit.scale)
    let least = across.peak(-fit.scale)
    extreme = (-least).replacing(with: most, where: most .> least)
  }

  /// The nearest code for each sub-block's scale.
  @inlinable @inline(always)
  func code(_ half: Lanes) -> Lanes {
    smaller(larger(rounded(fit.scale * inverse(half)), low), high)
  }

  /// Tries halves up to 4 % around the one that gives the extreme scale the lowest code, and takes the
  /// one of least error after rounding, the quants staying as they were.
  @inlinable @inline(always)
  func bestHalf() -> Lanes {
    let errors = memory.rungErrors
    let first = extreme / low
    for rung in 0..<HalfLadder.count {
      let half = first * HalfLadder.factor(Lanes(repeating: Float(rung)))
      let scale = half * code(half)
      errors[rung] = scale * (scale * fit.qq - 2 * fit.qx)
    }
    return first * HalfLadder.factor(across.bestRung(errors, of: HalfLadder.count))
  }

  /// Chooses the half and the codes, and stores them; returns the scales they make.
  @inlinable @inline(always)
  func settle(_ group: some ScaledGroup, _ unit: Unit, rounds: Int) -> Lanes {
    var half = storeHalves(bestHalf(), unit, to: memory.scales)
    var codes = code(half)
    for round in 0..<rounds {
      if round > 0 {
        half = storeHalves(fittedHalf(group, half, codes), unit, to: memory.scales)
      }
      codes = bestCodes(group, half, codes)
    }
    storeCodes(codes, to: memory.scaleCodes)
    return half * codes
  }

  /// Each sub-block's code under a half, or its neighbour if that has the least error: weights are
  /// rounded anew for each.
  @inlinable @inline(always)
  func bestCodes(_ group: some ScaledGroup, _ half: Lanes, _ start: Lanes) -> Lanes {
    var codes = start
    var most = Lanes(repeating: -.infinity)
    for step in 0..<3 {
      let trial = smaller(larger(start + Float(step - 1), low), high)
      let scale = half * trial
      let sums = group.fit(inverse: inverse(scale))
      // By how much the error is below that of zeros.
      let gain = scale * (2 * sums.qx - scale * sums.qq)
      codes.replace(with: trial, where: gain .> most)
      most = larger(gain, most)
    }
    return codes
  }

  /// The half of least error for the codes and the quants rounded with them, over the whole block.
  @inlinable @inline(always)
  func fittedHalf(_ group: some ScaledGroup, _ half: Lanes, _ codes: Lanes) -> Lanes {
    let sums = group.fit(inverse: inverse(half * codes))
    return ratio(across.sum(codes * sums.qx), across.sum(codes * codes * sums.qq))
  }
}
