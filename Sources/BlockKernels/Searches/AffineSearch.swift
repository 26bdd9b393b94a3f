// SPDX-License-Identifier: MIT

/// Weighted sums over the quants q and the weights y of each sub-block, from which any least-squares
/// scale and offset follows.
@usableFromInline
struct AffineSums {
  @usableFromInline var q = Lanes.zero
  @usableFromInline var qq = Lanes.zero
  @usableFromInline var qy = Lanes.zero

  @inlinable @inline(always) init() {}
}

/// A scale and an offset for each sub-block, with the sums of the quants they were fitted to.
@usableFromInline
struct AffineFit {
  @usableFromInline var scale = Lanes.zero
  @usableFromInline var offset = Lanes.zero
  /// By how much the error is below that of all weights restored as y = 0.
  @usableFromInline var gain = Lanes.zero
  @usableFromInline var sums = AffineSums()

  @inlinable @inline(always) init() {}

  /// Takes over the lanes in which `other` gains more.
  @inlinable @inline(always)
  mutating func improve(by other: AffineFit) {
    let better = other.gain .> gain
    scale.replace(with: other.scale, where: better)
    offset.replace(with: other.offset, where: better)
    gain.replace(with: other.gain, where: better)
    sums.q.replace(with: other.sums.q, where: better)
    sums.qq.replace(with: other.sums.qq, where: better)
    sums.qy.replace(with: other.sums.qy, where: better)
  }
}

/// A group in which weights are restored as scale · q + offset, q from 0 to `levels`.
///
/// It works on y, the weights less the smallest of their sub-block: nothing cancels in their sums,
/// however far from zero the weights lie.
@usableFromInline
struct AffineGroup {
  @usableFromInline let memory: GroupMemory
  @usableFromInline let weights: Int
  /// The smallest weight, which y counts from; not above zero where offsets must not be.
  @usableFromInline let least: Lanes
  /// The largest y.
  @usableFromInline let range: Lanes
  /// The largest offset allowed (of y).
  @usableFromInline let limit: Lanes
  /// Σ w and Σ w y.
  @usableFromInline var errorWeightSum = Lanes.zero
  @usableFromInline var ySum = Lanes.zero

  /// Finds the range of the loaded weights and puts y in `memory.derived`.
  @inlinable @inline(always)
  init(_ memory: GroupMemory, _ shape: SearchShape) {
    self.memory = memory
    weights = shape.weights
    memory.bounds[0] = .zero
    memory.bounds[1] = Lanes(repeating: shape.levels)
    var least = memory.weights[0]
    var most = least
    for index in 1..<weights {
      least = smaller(memory.weights[index], least)
      most = larger(memory.weights[index], most)
    }
    if shape.subBlocks > 1 { least = smaller(least, .zero) }
    limit = shape.subBlocks > 1 ? -least : Lanes(repeating: .infinity)
    range = most - least
    self.least = least
    for index in 0..<weights {
      let y = memory.weights[index] - least
      let errorWeight = memory.errorWeights[index]
      memory.derived[index] = y
      errorWeightSum += errorWeight
      ySum += errorWeight * y
    }
  }

  /// The sums when y is rounded as y · inverse + shift.
  @inlinable @inline(always)
  func sums(inverse: Lanes, shift: Lanes) -> AffineSums {
    let low = memory.bounds[0]
    let high = memory.bounds[1]
    var sums = AffineSums()
    for index in 0..<weights {
      let y = memory.derived[index]
      let quant = smaller(larger(rounded(y * inverse + shift), low), high)
      let cared = memory.errorWeights[index] * quant
      sums.q += cared
      sums.qq += cared * quant
      sums.qy += cared * y
    }
    return sums
  }

  /// The scale and offset of least error for quants with these sums.
  ///
  /// Σ w (y - s q - b)² is least where its derivatives vanish, two linear equations in s and b. Where
  /// all quants are (nearly) one number, the equations are (nearly) one, and b stays zero. Where
  /// b would pass its limit it is the limit, and s the best for that b.
  @inlinable @inline(always)
  func fit(_ sums: AffineSums) -> AffineFit {
    let product = errorWeightSum * sums.qq
    let determinant = product - sums.q * sums.q
    let free = (sums.qq * ySum - sums.q * sums.qy) / determinant
    var result = AffineFit()
    result.offset.replace(with: smaller(free, limit), where: determinant .> product * 1e-5)
    let rest = sums.qy - result.offset * sums.q
    result.scale = ratio(rest, sums.qq)
    result.gain = result.offset * (2 * ySum - result.offset * errorWeightSum) + result.scale * rest
    result.sums = sums
    return result
  }

  /// The best of a ladder of trial scales.
  @inlinable @inline(always)
  func search(_ shape: SearchShape) -> AffineFit {
    var best = AffineFit()
    let unit = inverse(range)
    for rung in 0..<shape.steps {
      let span = shape.span(rung)
      for side in 0..<(shape.bothSides ? 2 : 1) {
        // Anchored at the smallest weight, or so that the largest gets the highest quant.
        let shift = Lanes(repeating: side == 0 ? 0 : shape.levels - span)
        best.improve(by: fit(sums(inverse: unit * span, shift: shift)))
      }
    }
    for _ in 0..<shape.refits {
      let again = inverse(best.scale)
      best.improve(by: fit(sums(inverse: again, shift: -best.offset * again)))
    }
    return best
  }

  /// The error of scales and offsets that were settled on, each weight rounded to its nearest.
  @inlinable @inline(always)
  func error(scale: Lanes, offset: Lanes) -> Lanes {
    let low = memory.bounds[0]
    let high = memory.bounds[1]
    let unit = inverse(scale)
    var error = Lanes.zero
    for index in 0..<weights {
      let y = memory.derived[index] - offset
      let rest = y - scale * smaller(larger(rounded(y * unit), low), high)
      error += memory.errorWeights[index] * rest * rest
    }
    return error
  }
}

/// Finds quants for weights that are restored as scale · q + min, and stores all of it.
///
/// With one sub-block a block, scale and min are its own two halves. Otherwise weights are restored
/// as d · s · q - e · m: halves d and e for the block, whole numbers s and m for each sub-block.
@inlinable @inline(always)
public func searchAffine(_ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory) {
  let unit = loadGroup(source, shape, memory)
  let group = AffineGroup(memory, shape)
  let fit = group.search(shape)
  if shape.subBlocks > 1 {
    var shared = SharedAffine(group, fit, shape)
    shared.settle(unit, rounds: shape.rounds)
    return
  }
  let scale = storeHalves(fit.scale, unit, to: memory.scales)
  let min = storeHalves(fit.offset + group.least, unit, to: memory.mins)
  storeQuants(
    memory, weights: shape.weights, inverse: inverse(scale),
    shift: -min * inverse(scale))
}
