// SPDX-License-Identifier: MIT

/// As `sweepLevels`, a group of columns at a time.
@inlinable @inline(always)
func sweepGrid(_ part: FeedbackPart, _ grid: FeedbackGrid, _ trials: FeedbackTrials) -> Lanes {
  let sweep = GridSweep(part, grid)
  var best = Lanes.zero
  var least = Lanes(repeating: .infinity)
  var scale = trials.scales[0]
  // Where a sub-block has a shift, each scale is tried with both.
  let sides = grid.signs == .shifted ? 2 : 1
  for pass in 0..<trials.count &* sides {
    let trial = pass / sides
    // A cost that is no number counts as the largest: the first pass always leaves values.
    let cost = smaller(
      sweep.run(trials.scales[trial], shift: pass % sides == 0 ? 0.125 : -0.125),
      Lanes(repeating: .greatestFiniteMagnitude))
    sweep.memory.costs[0] = cost
    sweep.memory.costs[1] = least
    let isBetter = cost .< least
    least.replace(with: cost, where: isBetter)
    best.replace(with: Lanes(repeating: Float(trial)), where: isBetter)
    scale.replace(with: trials.scales[trial], where: isBetter)
    for column in 0..<part.count {
      // A mask from outside a loop would be taken apart.
      let (cost, least) = (sweep.memory.costs[0], sweep.memory.costs[1])
      let (old, new) = (sweep.best[column], sweep.values[column])
      sweep.best[column] = old.replacing(with: new, where: cost .< least)
    }
  }
  for column in 0..<part.count {
    let offset = column &* part.stride
    put(sweep.best[column], part.values + offset)
    put(lanes(part.weights + offset) - scale * sweep.best[column], part.errors + offset)
  }
  return best
}

/// The passes of a sweep over one sub-block.
@usableFromInline
struct GridSweep {
  @usableFromInline let part: FeedbackPart
  @usableFromInline let grid: FeedbackGrid
  @usableFromInline let memory: GridFeedbackMemory
  /// The values that a pass finds, and those of the best pass.
  @usableFromInline let values: UnsafeMutablePointer<Lanes>
  @usableFromInline let best: UnsafeMutablePointer<Lanes>
  @usableFromInline let errors: UnsafeMutablePointer<Lanes>

  @inlinable @inline(always)
  init(_ part: FeedbackPart, _ grid: FeedbackGrid) {
    self.part = part
    self.grid = grid
    values = part.scratch
    best = values + part.count
    errors = best + part.count
    memory = GridFeedbackMemory(at: errors + part.count)
  }

  /// Finds values with a scale.
  ///
  /// - Returns: Their cost.
  @inlinable @inline(always)
  func run(_ scale: Lanes, shift: Float) -> Lanes {
    var cost = Lanes.zero
    for first in stride(from: 0, to: part.count, by: grid.group) {
      var group = FeedbackGroup(grid, memory, metric: part.metrics + first &* grid.group)
      aim(first)
      group.reach(scale, shift: Lanes(repeating: shift), attempts: grid.sweepAttempts)
      for index in 0..<grid.group {
        values[first &+ index] = memory.values[index]
        let restored = scale * memory.values[index]
        errors[first &+ index] =
          lanes(part.weights + (first &+ index) &* part.stride) - restored
        memory.others[index] = memory.wanted[index] - restored
      }
      cost += group.form(memory.others)
    }
    return cost
  }

  /// Puts what a group's weights are to reach into memory.
  @inlinable @inline(always)
  func aim(_ first: Int) {
    for index in first..<first &+ grid.group {
      var target = lanes(part.targets + index &* part.stride)
      for earlier in 0..<first {
        target += errors[earlier] * part.coefficients[earlier &* part.count &+ index]
      }
      memory.wanted[index &- first] = target
    }
  }
}

/// As `descendLevels`, a group of columns at a time; what was there stays unless others cost less.
@inlinable @inline(always)
func descendGrid(_ part: FeedbackPart, _ grid: FeedbackGrid, _ scale: Lanes, _ min: Lanes) {
  let memory = GridFeedbackMemory(at: part.scratch)
  for first in stride(from: 0, to: part.count, by: grid.group) {
    var group = FeedbackGroup(grid, memory, metric: part.metrics + first &* grid.group)
    let inverses = part.inverses + first &* grid.group
    for index in 0..<grid.group {
      var target = lanes(part.restored + (first &+ index) &* part.stride) + min
      for other in 0..<grid.group {
        target += part.gradient[first &+ other] * inverses[index &* grid.group &+ other]
      }
      memory.wanted[index] = target
    }
    let old = part.values + first &* part.stride
    let shift = grid.signs.isShifted ? shift(of: lanes(old)) : Lanes.zero
    group.reach(scale, shift: shift, attempts: grid.descentAttempts)
    for index in 0..<grid.group { memory.others[index] = lanes(old + index &* part.stride) }
    group.takeBetter()
    for index in 0..<grid.group {
      let offset = (first &+ index) &* part.stride
      let next = scale * memory.values[index] - min
      let change = lanes(part.restored + offset) - next
      put(memory.values[index], part.values + offset)
      put(next, part.restored + offset)
      put(change, part.errors + offset)
      addToGradient(part, change, first &+ index)
    }
  }
}

/// What was added to a whole number of -1 to 1: an eighth or minus an eighth.
@inlinable @inline(always)
func shift(of value: Lanes) -> Lanes { value - rounded(value) }
