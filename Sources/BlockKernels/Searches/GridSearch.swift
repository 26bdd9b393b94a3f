// SPDX-License-Identifier: MIT

/// The sums Σ w x v and Σ w v² over the values v that were found for each sub-block.
@usableFromInline
struct GridSums {
  @usableFromInline var vx = Lanes.zero
  @usableFromInline var vv = Lanes.zero

  @inlinable @inline(always) init() {}
}

/// A group of 16 sub-blocks in which weights are restored as scale · value, the values of each four or
/// eight weights being an entry of a codebook.
///
/// With a scale s, Σ w (x - s v)² is a constant plus Σ w s v (s v - 2 x): the cost, to which each weight
/// adds its part, so that the costs of all halves of entries can be shared by all entries.
@usableFromInline
struct GridGroup {
  @usableFromInline let memory: GridMemory
  @usableFromInline let book: Codebook
  @usableFromInline let signs: GridSigns
  @usableFromInline let weights: Int
  @usableFromInline let groups: Int
  /// The largest magnitude.
  @usableFromInline let peak: Lanes

  /// Turns the loaded weights into what the codebook's values should come near to.
  @inlinable @inline(always)
  init(_ memory: GridMemory, _ book: Codebook, _ shape: GridShape) {
    self.memory = memory
    self.book = book
    signs = shape.signs
    weights = shape.base.weights
    groups = shape.base.weights / book.groupWeights
    var peak = Lanes.zero
    for index in 0..<weights {
      let weight = memory.group.weights[index]
      peak = larger(larger(weight, -weight), peak)
    }
    self.peak = peak
    for octet in 0..<weights / 8 {
      if signs.isShifted {
        for index in 8 * octet..<8 * octet + 8 {
          memory.targets[index] = memory.group.weights[index]
        }
      } else {
        takeSigns(octet, step: peak * (2.5 / shape.base.levels))
      }
    }
  }

  /// Splits eight weights into magnitudes and signs.
  ///
  /// Where the signs must hold an even number of minuses and do not, the weight where that costs
  /// least gets the wrong sign: the codebook then sees a negative magnitude. Restored as the
  /// smallest level l instead of the nearest, a weight x is off by 4 x l more (squared) if x < 2 l,
  /// and by about (x + l)² beyond; x² + 2.5 x l lies close to both.
  ///
  /// - Parameters:
  ///   - octet: Which eight weights of the sub-blocks.
  ///   - step: About 2.5 times the smallest level.
  @inlinable @inline(always)
  func takeSigns(_ octet: Int, step: Lanes) {
    let one = Lanes(repeating: 1)
    var product = one
    var least = Lanes(repeating: .infinity)
    var place = Lanes.zero
    for index in 0..<8 {
      let weight = memory.group.weights[8 * octet + index]
      product = product.replacing(with: -product, where: weight .< 0)
      let magnitude = larger(weight, -weight)
      let loss = memory.group.errorWeights[8 * octet + index] * magnitude * (magnitude + step)
      place.replace(with: Lanes(repeating: Float(index)), where: loss .< least)
      least = smaller(loss, least)
    }
    if signs == .free { product = one }
    var mask = Lanes.zero
    for index in 0..<8 {
      let weight = memory.group.weights[8 * octet + index]
      let factor = one.replacing(with: product, where: place .== Float(index))
      memory.targets[8 * octet + index] = larger(weight, -weight) * factor
      let sign = factor.replacing(with: -factor, where: weight .< 0)
      mask.replace(with: mask + Float(1 << index), where: sign .< 0)
    }
    for lane in 0..<laneCount {
      memory.signs[lane * (weights / 8) + octet] = UInt8(mask[lane])
    }
  }

  /// The least cost of any entry, the halves' costs being filled in.
  @inlinable @inline(always)
  func least() -> Lanes {
    let costs = UnsafeRawPointer(memory.firstCosts)
    var best = Lanes(repeating: .infinity)
    for run in 0..<book.runCount {
      let first = costs.load(fromByteOffset: Int(book.firsts[run]), as: Lanes.self)
      best = smaller(first + leastSecond(run), best)
    }
    return best
  }

  /// The run of the entry of least cost in each lane, likewise.
  @inlinable @inline(always)
  func bestRun() -> Lanes {
    let costs = UnsafeRawPointer(memory.firstCosts)
    var best = Lanes(repeating: .infinity)
    var bestRun = Lanes.zero
    var current = Lanes.zero
    for run in 0..<book.runCount {
      let first = costs.load(fromByteOffset: Int(book.firsts[run]), as: Lanes.self)
      let cost = first + leastSecond(run)
      bestRun.replace(with: current, where: cost .< best)
      best = smaller(cost, best)
      current += 1
    }
    return bestRun
  }

  /// The least cost of the second halves of a run: the innermost loop of the whole search.
  @inlinable @inline(always)
  func leastSecond(_ run: Int) -> Lanes {
    let costs = UnsafeRawPointer(memory.secondCosts)
    var least = Lanes(repeating: .infinity)
    var second = book.seconds + Int(book.starts[run])
    let end = book.seconds + Int(book.starts[run &+ 1])
    while second < end {
      let a = costs.load(fromByteOffset: Int(second[0]), as: Lanes.self)
      let b = costs.load(fromByteOffset: Int(second[1]), as: Lanes.self)
      let c = costs.load(fromByteOffset: Int(second[2]), as: Lanes.self)
      let d = costs.load(fromByteOffset: Int(second[3]), as: Lanes.self)
      least = smaller(smaller(smaller(a, b), smaller(c, d)), least)
      second += 4
    }
    return least
  }

  /// The number of the best entry of a run, for one lane.
  @inlinable @inline(always)
  func entry(of run: Int, lane: Int) -> Int {
    let costs = UnsafeRawPointer(memory.secondCosts) + 4 &* lane
    var place = Int(book.starts[run])
    let end = Int(book.starts[run &+ 1])
    var candidate = place
    var least = Float.infinity
    while candidate < end {
      let cost = costs.load(fromByteOffset: Int(book.seconds[candidate]), as: Float.self)
      place = cost < least ? candidate : place
      least = cost < least ? cost : least
      candidate &+= 1
    }
    return Int(book.numbers[place])
  }

  /// The least cost of whole sub-blocks at a scale; leaves each group's better shift in memory.
  @inlinable @inline(always)
  func cost(_ scale: Lanes, exact: Bool) -> Lanes {
    let up = Lanes(repeating: 0.125)
    var total = Lanes.zero
    var other = Lanes.zero
    for group in 0..<groups {
      var costs = (Lanes.zero, Lanes.zero)
      for side in 0..<(signs.isShifted ? 2 : 1) {
        let shift = !signs.isShifted ? Lanes.zero : side == 0 ? up : -up
        let cost =
          exact ? exactCost(group, scale, shift) : roundedCost(group, scale, shift)
        if side == 0 { costs.0 = cost } else { costs.1 = cost }
      }
      if signs == .groupShifted {
        memory.trialShifts[group] = up.replacing(with: -up, where: costs.1 .< costs.0)
        costs.0 = smaller(costs.1, costs.0)
      }
      total += costs.0
      other += costs.1
    }
    guard signs == .shifted else { return total }
    for group in 0..<groups {
      memory.trialShifts[group] = up.replacing(with: -up, where: other .< total)
    }
    return smaller(other, total)
  }

  /// The cost of a group's best entry.
  @inlinable @inline(always)
  func exactCost(_ group: Int, _ scale: Lanes, _ shift: Lanes) -> Lanes {
    fillCosts(group, scale: scale, shift: shift)
    return least()
  }

  /// Finds the entries of least cost at a scale, and leaves them in memory.
  @inlinable @inline(always)
  func choose(_ scale: Lanes) -> GridSums {
    var sums = GridSums()
    for group in 0..<groups {
      let shift = signs.isShifted ? memory.bestShifts[group] : Lanes.zero
      fillCosts(group, scale: scale, shift: shift)
      keep(bestRun(), group, shift, &sums)
    }
    return sums
  }

  /// Leaves the entries of a group in memory and adds their values to the sums.
  @inlinable @inline(always)
  func keep(_ runs: Lanes, _ group: Int, _ shift: Lanes, _ sums: inout GridSums) {
    let found = UnsafeMutableRawPointer(memory.group.derived)
    // In 2²³ + run, the lower half is the run.
    memory.quarterCosts[0] = runs + 8_388_608
    let places = UnsafeRawPointer(memory.quarterCosts)
    for lane in 0..<laneCount {
      let run = places.load(fromByteOffset: 4 &* lane, as: UInt16.self)
      let number = entry(of: Int(run), lane: lane)
      memory.entries[lane &* groups &+ group] = UInt16(truncatingIfNeeded: number)
      let values = book.values + number &* book.groupWeights
      for index in 0..<book.groupWeights {
        found.storeBytes(
          of: values[index], toByteOffset: (index &* laneCount &+ lane) &* 4, as: Float.self)
      }
    }
    if signs.isShifted { keepShift(shift, group) }
    let first = group * book.groupWeights
    for index in 0..<book.groupWeights {
      let value = memory.group.derived[index] + shift
      let cared = memory.group.errorWeights[first + index] * value
      sums.vx += cared * memory.targets[first + index]
      sums.vv += cared * value
    }
  }

  /// Leaves the shifts of a group in memory.
  @inlinable @inline(always)
  func keepShift(_ shift: Lanes, _ group: Int) {
    for lane in 0..<laneCount {
      memory.shifts[lane * groups + group] = shift[lane] < 0 ? 1 : 0
    }
  }
}
