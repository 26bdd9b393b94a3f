// SPDX-License-Identifier: MIT

/// A scale for each sub-block, of either sign, with the sums of the quants it was fitted to.
@usableFromInline
struct SymmetricFit {
  @usableFromInline var scale = Lanes.zero
  /// By how much the error is below that of zeros.
  @usableFromInline var gain = Lanes.zero
  /// Σ w q x and Σ w q².
  @usableFromInline var qx = Lanes.zero
  @usableFromInline var qq = Lanes.zero

  @inlinable @inline(always) init() {}

  /// Takes over the lanes in which `other` gains more.
  @inlinable @inline(always)
  mutating func improve(by other: SymmetricFit) {
    let better = other.gain .> gain
    scale.replace(with: other.scale, where: better)
    gain.replace(with: other.gain, where: better)
    qx.replace(with: other.qx, where: better)
    qq.replace(with: other.qq, where: better)
  }
}

/// A group in which weights are restored as scale · q, q from -`levels` to `levels` - 1.
@usableFromInline
struct SymmetricGroup: ScaledGroup {
  @usableFromInline let memory: GroupMemory
  @usableFromInline let weights: Int
  /// The weight of largest magnitude.
  @usableFromInline let extreme: Lanes

  /// Finds the extremes of the loaded weights and puts w x in `memory.derived`.
  @inlinable @inline(always)
  init(_ memory: GroupMemory, _ shape: SearchShape) {
    self.memory = memory
    weights = shape.weights
    memory.bounds[0] = Lanes(repeating: -shape.levels)
    memory.bounds[1] = Lanes(repeating: shape.levels - 1)
    var least = Lanes.zero
    var most = Lanes.zero
    for index in 0..<weights {
      let weight = memory.weights[index]
      least = smaller(weight, least)
      most = larger(weight, most)
      memory.derived[index] = memory.errorWeights[index] * weight
    }
    extreme = least.replacing(with: most, where: most .> -least)
  }

  /// Rounds x · inverse and fits the scale to the quants.
  ///
  /// Σ w (x - s q)² is least at s = Σ w q x / Σ w q², and is then Σ w x² - (Σ w q x)² / Σ w q².
  @inlinable @inline(always)
  func fit(inverse: Lanes) -> SymmetricFit {
    let low = memory.bounds[0]
    let high = memory.bounds[1]
    var result = SymmetricFit()
    for index in 0..<weights {
      let quant = smaller(larger(rounded(memory.weights[index] * inverse), low), high)
      result.qx += memory.derived[index] * quant
      result.qq += memory.errorWeights[index] * quant * quant
    }
    result.scale = ratio(result.qx, result.qq)
    result.gain = result.scale * result.qx
    return result
  }

  /// The best of a ladder of trial scales.
  @inlinable @inline(always)
  func search(_ shape: SearchShape) -> SymmetricFit {
    var best = SymmetricFit()
    let unit = inverse(extreme)
    for rung in 0..<shape.steps {
      let span = shape.span(rung)
      // The quants reach one further down than up, so the extreme is first made a negative one.
      best.improve(by: fit(inverse: unit * -span))
      if shape.bothSides { best.improve(by: fit(inverse: unit * span)) }
    }
    for _ in 0..<shape.refits { best.improve(by: fit(inverse: inverse(best.scale))) }
    return best
  }
}

/// Finds quants for weights that are restored as scale · q, and stores all of it.
///
/// With one sub-block a block, the scale is its own half. Otherwise it is d · s: a half d for the
/// block, a whole number s of either sign for each sub-block.
@inlinable @inline(always)
public func searchSymmetric(_ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory) {
  let unit = loadGroup(source, shape, memory)
  let group = SymmetricGroup(memory, shape)
  let fit = group.search(shape)
  var scale: Lanes
  if shape.subBlocks > 1 {
    let shared = SharedSymmetric(group, fit, shape)
    scale = shared.settle(group, unit, rounds: shape.rounds)
  } else {
    scale = storeHalves(fit.scale, unit, to: memory.scales)
  }
  storeQuants(
    memory, weights: shape.weights, inverse: inverse(scale), shift: .zero)
}
