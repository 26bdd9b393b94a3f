// SPDX-License-Identifier: MIT

/// Finds values for one group of columns of 16 rows: those that make (x - v) D (x - v)ᵀ small, v being what
/// a codebook can hold, x what is to be reached in units of the scale.
@usableFromInline
struct FeedbackGroup {
  @usableFromInline let grid: FeedbackGrid
  @usableFromInline let memory: GridFeedbackMemory
  /// D, [g][g].
  @usableFromInline let metric: UnsafePointer<Float>
  @usableFromInline var entries: GridEntries

  @inlinable @inline(always)
  init(_ grid: FeedbackGrid, _ memory: GridFeedbackMemory, metric: UnsafePointer<Float>) {
    self.grid = grid
    self.memory = memory
    self.metric = metric
    entries = GridEntries(grid, memory, metric: metric, rowStride: grid.group, first: 0)
  }

  /// Whether the signs of two entries are tied.
  @inlinable @inline(always)
  var isJoint: Bool { grid.group != grid.entryWeights }

  /// Puts values that bring the group's weights near `memory.wanted` into `memory.values`.
  ///
  /// - Parameters:
  ///   - scale: What values are multiplied by.
  ///   - shift: What is added to an entry's values, where a sub-block has a shift.
  ///   - attempts: As for `solve`.
  @inlinable @inline(always)
  mutating func reach(_ scale: Lanes, shift: Lanes, attempts: Int) {
    let unit = inverse(scale)
    // Far beyond all levels; what is further off would overflow when squared.
    let bound = Lanes(repeating: 0x1p20)
    for index in 0..<grid.group {
      memory.targets[index] = smaller(larger(memory.wanted[index] * unit, -bound), bound)
    }
    for side in 0..<(grid.signs == .groupShifted ? 2 : 1) {
      var shift = grid.signs == .shifted ? shift : .zero
      if grid.signs == .groupShifted { shift = Lanes(repeating: side == 0 ? 0.125 : -0.125) }
      fillGoals(shift)
      solve(attempts: attempts)
      for index in 0..<grid.group { memory.values[index] += shift }
      if side == 0 && grid.signs == .groupShifted { keepOthers() }
    }
    fillGoals(.zero)
    if grid.signs == .groupShifted { takeBetter() }
  }

  /// Works out the targets' products with D, a shift being taken from them.
  @inlinable @inline(always)
  func fillGoals(_ shift: Lanes) {
    for row in 0..<grid.group {
      var goal = Lanes.zero
      for column in 0..<grid.group {
        goal += (memory.targets[column] - shift) * metric[row &* grid.group &+ column]
      }
      memory.goals[row] = goal
    }
  }

  /// e D eᵀ.
  @inlinable @inline(always)
  func form(_ errors: UnsafeMutablePointer<Lanes>) -> Lanes {
    var form = Lanes.zero
    for row in 0..<grid.group {
      var slope = Lanes.zero
      for column in 0..<grid.group {
        slope += errors[column] * metric[row &* grid.group &+ column]
      }
      form += slope * errors[row]
    }
    return form
  }

  /// Puts values for `memory.targets`, whose products with D `memory.goals` holds, into `memory.values`.
  ///
  /// - Parameter attempts: How often entries are searched, signs being changed after each time.
  @inlinable @inline(always)
  mutating func solve(attempts: Int) {
    if isJoint { reduceMetric() }
    // Two entries: with an even number of minuses each, then with an odd one.
    for step in 0..<(isJoint ? 4 : 1) {
      begin(step)
      for _ in 0..<attempts {
        entries.search()
        if !grid.signs.isShifted { changeSigns(isOdd: step > 1) }
      }
      if isJoint && step == 1 { keepOthers() }
    }
    if isJoint { takeBetter() }
  }

  /// Prepares the search of an entry.
  @inlinable @inline(always)
  mutating func begin(_ step: Int) {
    if !isJoint {
      for index in 0..<grid.group {
        memory.linear[index] = memory.goals[index]
        memory.values[index] = memory.targets[index]
      }
    } else if step & 1 == 0 {
      entries.metric = UnsafePointer(memory.reduced)
      entries.rowStride = 4
      entries.first = 0
      for index in 0..<4 {
        var goal = memory.goals[index]
        for other in 0..<4 {
          goal -= memory.goals[4 &+ other] * memory.reduced[16 &+ 4 &* other &+ index]
        }
        memory.linear[index] = goal
        memory.values[index] = memory.targets[index]
      }
    } else {
      entries.metric = metric + 36
      entries.rowStride = 8
      entries.first = 4
      for index in 0..<4 {
        var goal = memory.goals[4 &+ index]
        var target = memory.targets[4 &+ index]
        for other in 0..<4 {
          let value = memory.values[other]
          goal -= value * metric[8 &* (4 &+ index) &+ other]
          target +=
            (memory.targets[other] - value) * memory.reduced[16 &+ 4 &* index &+ other]
        }
        memory.linear[4 &+ index] = goal
        memory.values[4 &+ index] = target
      }
    }
  }

  /// v D vᵀ - 2 b v of the group's values.
  @inlinable @inline(always)
  func cost(of values: UnsafeMutablePointer<Lanes>) -> Lanes {
    var cost = Lanes.zero
    for row in 0..<grid.group {
      var slope = memory.goals[row] * -2
      for column in 0..<grid.group {
        slope += values[column] * metric[row &* grid.group &+ column]
      }
      cost += slope * values[row]
    }
    return cost
  }

  /// Puts the values aside.
  @inlinable @inline(always)
  func keepOthers() {
    for index in 0..<grid.group { memory.others[index] = memory.values[index] }
  }

  /// Takes those back where they cost no more.
  @inlinable @inline(always)
  func takeBetter() {
    memory.costs[0] = cost(of: memory.values)
    memory.costs[1] = cost(of: memory.others)
    for index in 0..<grid.group {
      // A mask from outside a loop would be taken apart.
      let (cost, other) = (memory.costs[0], memory.costs[1])
      let (old, new) = (memory.values[index], memory.others[index])
      memory.values[index] = old.replacing(with: new, where: other .<= cost)
    }
  }

  /// Works out the metric of the first of two entries, the second being free, and how the second answers.
  ///
  /// With D = (A, B; Bᵀ, C): X = C⁻¹ Bᵀ and A - B X. C has the Cholesky factor L, L Lᵀ = C.
  @inlinable @inline(always)
  func reduceMetric() {
    let reduced = memory.reduced
    let answers = reduced + 16
    // L goes where A - B X will be; its diagonal is kept inverted.
    for row in 0..<4 {
      for column in 0...row {
        var sum = metric[8 &* (4 &+ row) &+ 4 &+ column]
        for inner in 0..<column {
          sum -= reduced[4 &* row &+ inner] * reduced[4 &* column &+ inner]
        }
        reduced[4 &* row &+ column] =
          row == column
          ? 1 / Swift.max(sum, 0x1p-100).squareRoot() : sum * reduced[5 &* column]
      }
    }
    for column in 0..<4 {
      for row in 0..<4 {
        var sum = metric[8 &* (4 &+ row) &+ column]
        for inner in 0..<row { sum -= reduced[4 &* row &+ inner] * answers[4 &* inner &+ column] }
        answers[4 &* row &+ column] = sum * reduced[5 &* row]
      }
      for row in (0..<4).reversed() {
        var sum = answers[4 &* row &+ column]
        for inner in row &+ 1..<4 {
          sum -= reduced[4 &* inner &+ row] * answers[4 &* inner &+ column]
        }
        answers[4 &* row &+ column] = sum * reduced[5 &* row]
      }
    }
    for row in 0..<4 {
      for column in 0..<4 {
        var sum = metric[8 &* row &+ column]
        for inner in 0..<4 {
          sum -= metric[8 &* row &+ 4 &+ inner] * answers[4 &* inner &+ column]
        }
        reduced[4 &* row &+ column] = sum
      }
    }
  }
}
