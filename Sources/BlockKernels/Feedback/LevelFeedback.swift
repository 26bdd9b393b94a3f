// SPDX-License-Identifier: MIT

/// The numbers that a weight's value may be.
@usableFromInline
protocol FeedbackLevels {
  /// The level nearest to each number.
  func nearest(_ number: Lanes) -> Lanes
}

/// Whole numbers.
@usableFromInline
struct WholeLevels: FeedbackLevels {
  @usableFromInline let lowest: Lanes
  @usableFromInline let highest: Lanes

  @inlinable @inline(always)
  init(lowest: Float, highest: Float) {
    self.lowest = Lanes(repeating: lowest)
    self.highest = Lanes(repeating: highest)
  }

  // Bounds come before rounding, which takes numbers below 2^22 alone.
  @inlinable @inline(always)
  func nearest(_ number: Lanes) -> Lanes { rounded(smaller(larger(number, lowest), highest)) }
}

/// Numbers of a table.
@usableFromInline
struct TableLevels: FeedbackLevels {
  @usableFromInline let table: ValueTable

  @inlinable @inline(always)
  init(table: ValueTable) { self.table = table }

  @inlinable @inline(always)
  func nearest(_ number: Lanes) -> Lanes {
    var value = Lanes(repeating: table.values[0])
    for code in 1..<table.count {
      value.replace(
        with: Lanes(repeating: table.values[code]),
        where: number .> Lanes(repeating: table.midpoints[code - 1]))
    }
    return value
  }
}

/// The 16 numbers at an address.
@inlinable @inline(always)
func lanes(_ source: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(source).loadUnaligned(as: Lanes.self)
}

/// The 16 numbers at an address.
@inlinable @inline(always)
func lanes(_ source: UnsafeMutablePointer<Float>) -> Lanes { lanes(UnsafePointer(source)) }

/// Stores 16 numbers.
@inlinable @inline(always)
func put(_ value: Lanes, _ target: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(target).storeBytes(of: value, as: Lanes.self)
}

/// Rounds a sub-block's columns one after the other with each of the trial scales, hands each column's
/// error on to the later ones, and keeps what the best of them gives.
///
/// With H = R Rᵀ, R upper triangular, the error E of a row costs |E R|², of which column j adds
/// r_jj² (t_j - restored_j)², t_j = w_j + Σ_{i<j} E_i r_ij / r_jj: no later choice changes what an
/// earlier column costs.
///
/// - Returns: For each row the number of the trial that was best.
/// - Complexity: O(trials · count²).
@inlinable @inline(always)
func sweepLevels<Levels: FeedbackLevels>(
  _ part: FeedbackPart, _ levels: Levels, _ trials: FeedbackTrials
) -> Lanes {
  var best = Lanes.zero
  var least = Lanes(repeating: .infinity)
  for trial in 0..<trials.count {
    let cost = sweep(part, levels, trials.scales[trial], trials.mins[trial], keeps: false)
    let better = cost .< least
    least.replace(with: cost, where: better)
    best.replace(with: Lanes(repeating: Float(trial)), where: better)
  }
  var scale = trials.scales[0]
  var min = trials.mins[0]
  for trial in 1..<max(1, trials.count) {
    let chosen = best .== Lanes(repeating: Float(trial))
    scale.replace(with: trials.scales[trial], where: chosen)
    min.replace(with: trials.mins[trial], where: chosen)
  }
  _ = sweep(part, levels, scale, min, keeps: true)
  return best
}

@inlinable @inline(always)
func sweep<Levels: FeedbackLevels>(
  _ part: FeedbackPart, _ levels: Levels, _ scale: Lanes, _ min: Lanes, keeps: Bool
) -> Lanes {
  let inverse = inverse(scale)
  let errors = part.scratch
  var cost = Lanes.zero
  for column in 0..<part.count {
    var target = lanes(part.targets + column &* part.stride)
    for earlier in 0..<column {
      target += errors[earlier] * part.coefficients[earlier &* part.count &+ column]
    }
    let value = levels.nearest((target + min) * inverse)
    let restored = scale * value - min
    errors[column] = lanes(part.weights + column &* part.stride) - restored
    let miss = target - restored
    cost += miss * miss * part.metrics[column]
    if keeps {
      put(value, part.values + column &* part.stride)
      put(errors[column], part.errors + column &* part.stride)
    }
  }
  return cost
}

/// Takes a sub-block's columns one after the other to the level nearest to where the quadratic form is
/// least, all else staying as it is.
///
/// - Complexity: O(count²).
@inlinable @inline(always)
func descendLevels<Levels: FeedbackLevels>(
  _ part: FeedbackPart, _ levels: Levels, _ scale: Lanes, _ min: Lanes
) {
  let inverse = inverse(scale)
  let isFlat = scale .== Lanes.zero
  for column in 0..<part.count {
    let offset = column &* part.stride
    let restored = lanes(part.restored + offset)
    let goal = restored + part.gradient[column] * part.inverses[column]
    let value = levels.nearest((goal + min) * inverse)
      .replacing(with: lanes(part.values + offset), where: isFlat)
    let next = scale * value - min
    let change = restored - next
    put(value, part.values + offset)
    put(next, part.restored + offset)
    put(change, part.errors + offset)
    addToGradient(part, change, column)
  }
}

/// Moves the gradient by what a change of a column does to it.
@inlinable @inline(always)
func addToGradient(_ part: FeedbackPart, _ change: Lanes, _ column: Int) {
  for other in 0..<part.count {
    part.gradient[other] += change * part.coefficients[column &* part.count &+ other]
  }
}
