// SPDX-License-Identifier: MIT

/// What weights cost at a scale, level by level.
extension GridGroup {
  /// Works out the costs of all halves of a group's entries.
  @inlinable @inline(always)
  func fillCosts(_ group: Int, scale: Lanes, shift: Lanes) {
    fillMultiples(scale, shift)
    let first = group * book.groupWeights
    if book.groupWeights == 8 {
      for quarter in 0..<4 { fillPair(quarter, at: first + 2 * quarter) }
    } else {
      for quarter in 0..<4 { fillSingle(quarter, at: first + quarter) }
    }
    let count = book.quarters
    join(memory.quarterCosts, memory.quarterCosts + count, count, to: memory.firstCosts)
    join(
      memory.quarterCosts + 2 * count, memory.quarterCosts + 3 * count, count,
      to: memory.secondCosts)
  }

  /// Works out what each level stands for.
  @inlinable @inline(always)
  func fillMultiples(_ scale: Lanes, _ shift: Lanes) {
    for level in 0..<book.levelCount {
      memory.multiples[level] = scale * (book.levels[level] + shift)
    }
  }

  /// The cost of level multiple `multiple` for a weight.
  @inlinable @inline(always)
  func cost(_ multiple: Lanes, _ errorWeight: Lanes, _ twice: Lanes) -> Lanes {
    errorWeight * multiple * (multiple - twice)
  }

  /// A quarter of one weight with eight levels.
  @inlinable @inline(always)
  func fillSingle(_ quarter: Int, at index: Int) {
    let errorWeight = memory.group.errorWeights[index]
    let twice = 2 * memory.targets[index]
    for level in 0..<8 {
      memory.quarterCosts[8 * quarter + level] = cost(memory.multiples[level], errorWeight, twice)
    }
  }

  /// A quarter of two weights with three levels each.
  @inlinable @inline(always)
  func fillPair(_ quarter: Int, at index: Int) {
    let errorWeight = memory.group.errorWeights[index + 1]
    let twice = 2 * memory.targets[index + 1]
    let low = cost(memory.multiples[0], errorWeight, twice)
    let middle = cost(memory.multiples[1], errorWeight, twice)
    let high = cost(memory.multiples[2], errorWeight, twice)
    let leading = memory.group.errorWeights[index]
    let leadingTwice = 2 * memory.targets[index]
    for level in 0..<3 {
      let base = cost(memory.multiples[level], leading, leadingTwice)
      memory.quarterCosts[9 * quarter + 3 * level] = base + low
      memory.quarterCosts[9 * quarter + 3 * level + 1] = base + middle
      memory.quarterCosts[9 * quarter + 3 * level + 2] = base + high
    }
  }

  /// All sums of two quarters.
  @inlinable @inline(always)
  func join(
    _ a: UnsafeMutablePointer<Lanes>, _ b: UnsafeMutablePointer<Lanes>, _ count: Int,
    to sums: UnsafeMutablePointer<Lanes>
  ) {
    for i in 0..<count {
      let base = a[i]
      for j in 0..<count { sums[count * i + j] = base + b[j] }
    }
  }

  /// About the least cost if there were an entry for every choice of levels.
  @inlinable @inline(always)
  func roundedCost(_ group: Int, _ scale: Lanes, _ shift: Lanes) -> Lanes {
    fillMultiples(scale, shift)
    let weights = group * book.groupWeights..<(group + 1) * book.groupWeights
    return book.groupWeights == 8 ? leastOfThree(weights) : leastOfEight(weights)
  }

  /// The sum of each weight's least cost with three levels.
  @inlinable @inline(always)
  func leastOfThree(_ weights: Range<Int>) -> Lanes {
    var total = Lanes.zero
    for index in weights {
      let errorWeight = memory.group.errorWeights[index]
      let twice = 2 * memory.targets[index]
      let low = cost(memory.multiples[0], errorWeight, twice)
      let middle = cost(memory.multiples[1], errorWeight, twice)
      let high = cost(memory.multiples[2], errorWeight, twice)
      total += smaller(smaller(low, middle), high)
    }
    return total
  }

  /// Likewise with eight, taken to be evenly spaced, as all but the last of IQ3_XXS are.
  @inlinable @inline(always)
  func leastOfEight(_ weights: Range<Int>) -> Lanes {
    let low = memory.multiples[0]
    let step = memory.multiples[1] - low
    let unit = inverse(step)
    let top = memory.multiples[7]
    var total = Lanes.zero
    for index in weights {
      let target = memory.targets[index]
      let nearest = low + step * rounded((target - low) * unit)
      let multiple = smaller(larger(nearest, low), top)
      total += cost(multiple, memory.group.errorWeights[index], 2 * target)
    }
    return total
  }

  /// The sums for the level nearest to each weight, as if there were an entry for every choice.
  @inlinable @inline(always)
  func nearestLevels(_ scale: Lanes) -> GridSums {
    var sums = GridSums()
    for group in 0..<groups {
      fillMultiples(scale, signs.isShifted ? memory.bestShifts[group] : .zero)
      for index in group * book.groupWeights..<(group + 1) * book.groupWeights {
        let twice = 2 * memory.targets[index]
        var nearest = memory.multiples[0]
        for level in 1..<book.levelCount {
          let multiple = memory.multiples[level]
          nearest.replace(with: multiple, where: twice .> memory.multiples[level - 1] + multiple)
        }
        let cared = memory.group.errorWeights[index] * nearest
        sums.vx += cared * memory.targets[index]
        sums.vv += cared * nearest
      }
    }
    let unit = inverse(scale)
    sums.vx *= unit
    sums.vv *= unit * unit
    return sums
  }
}
