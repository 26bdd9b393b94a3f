// SPDX-License-Identifier: MIT

/// The sums Σ w x v and Σ w v² over the values v that were found for each sub-block.
@usableFromInline
struct GridSums {
  @usableFromInline var vx = Lanes.zero
  @usableFromInline var vv = Lanes.zero

  @inlinable @inline(__always) init() {}
}

/// The entry of least cost in each lane, as its place in the sorted codebook.
@usableFromInline
struct GridChoice {
  @usableFromInline var cost = Lanes(repeating: .infinity)
  @usableFromInline var place = Lanes.zero

  @inlinable @inline(__always) init() {}
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
  @usableFromInline let halves: Int

  /// Turns the loaded weights into what the codebook's values should come near to.
  @inlinable @inline(__always)
  init(_ memory: GridMemory, _ book: Codebook, _ signs: GridSigns, _ shape: SearchShape) {
    self.memory = memory
    self.book = book
    self.signs = signs
    weights = shape.weights
    groups = shape.weights / book.groupWeights
    halves = book.quarters * book.quarters
    for octet in 0..<weights / 8 {
      if signs.isShifted {
        for index in 8 * octet..<8 * octet + 8 {
          memory.targets[index] = memory.group.weights[index]
        }
      } else {
        takeSigns(octet)
      }
    }
  }

  /// Splits eight weights into magnitudes and signs.
  ///
  /// Where the signs must hold an even number of minuses and do not, the weight where that costs
  /// least gets the wrong sign: the codebook then sees a negative magnitude.
  @inlinable @inline(__always)
  func takeSigns(_ octet: Int) {
    let one = Lanes(repeating: 1)
    var product = one
    var least = Lanes(repeating: .infinity)
    var place = Lanes.zero
    for index in 0..<8 {
      let weight = memory.group.weights[8 * octet + index]
      product = product.replacing(with: -product, where: weight .< 0)
      let loss = memory.group.cares[8 * octet + index] * larger(weight, -weight)
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

  /// Works out the costs of all halves of a group's entries.
  @inlinable @inline(__always)
  func fillCosts(_ group: Int, scale: Lanes, shift: Lanes) {
    for level in 0..<book.levelCount {
      memory.multiples[level] = scale * (book.levels[level] + shift)
    }
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

  /// The cost of level multiple `multiple` for a weight.
  @inlinable @inline(__always)
  func cost(_ multiple: Lanes, _ care: Lanes, _ twice: Lanes) -> Lanes {
    care * multiple * (multiple - twice)
  }

  /// A quarter of one weight with eight levels.
  @inlinable @inline(__always)
  func fillSingle(_ quarter: Int, at index: Int) {
    let care = memory.group.cares[index]
    let twice = 2 * memory.targets[index]
    for level in 0..<8 {
      memory.quarterCosts[8 * quarter + level] = cost(memory.multiples[level], care, twice)
    }
  }

  /// A quarter of two weights with three levels each.
  @inlinable @inline(__always)
  func fillPair(_ quarter: Int, at index: Int) {
    let care = memory.group.cares[index + 1]
    let twice = 2 * memory.targets[index + 1]
    let low = cost(memory.multiples[0], care, twice)
    let middle = cost(memory.multiples[1], care, twice)
    let high = cost(memory.multiples[2], care, twice)
    let leading = memory.group.cares[index]
    let leadingTwice = 2 * memory.targets[index]
    for level in 0..<3 {
      let base = cost(memory.multiples[level], leading, leadingTwice)
      memory.quarterCosts[9 * quarter + 3 * level] = base + low
      memory.quarterCosts[9 * quarter + 3 * level + 1] = base + middle
      memory.quarterCosts[9 * quarter + 3 * level + 2] = base + high
    }
  }

  /// All sums of two quarters.
  @inlinable @inline(__always)
  func join(
    _ a: UnsafeMutablePointer<Lanes>, _ b: UnsafeMutablePointer<Lanes>, _ count: Int,
    to sums: UnsafeMutablePointer<Lanes>
  ) {
    for i in 0..<count {
      let base = a[i]
      for j in 0..<count { sums[count * i + j] = base + b[j] }
    }
  }

  /// The least cost of any entry, the halves' costs being filled in.
  @inlinable @inline(__always)
  func least() -> Lanes {
    let costs = UnsafeRawPointer(memory.secondCosts)
    var best = Lanes(repeating: .infinity)
    var second = book.seconds
    for first in 0..<halves {
      let end = second + Int(book.runs[first])
      if second == end { continue }
      var least = costs.load(fromByteOffset: Int(second.pointee), as: Lanes.self)
      second += 1
      while second < end {
        least = smaller(costs.load(fromByteOffset: Int(second.pointee), as: Lanes.self), least)
        second += 1
      }
      best = smaller(least + memory.firstCosts[first], best)
    }
    return best
  }

  /// The entry of least cost, likewise: the first of several.
  @inlinable @inline(__always)
  func choice() -> GridChoice {
    let costs = UnsafeRawPointer(memory.secondCosts)
    var best = GridChoice()
    var place = Lanes.zero
    var second = book.seconds
    for first in 0..<halves {
      let end = second + Int(book.runs[first])
      var run = GridChoice()
      while second < end {
        let cost = costs.load(fromByteOffset: Int(second.pointee), as: Lanes.self)
        let better = cost .< run.cost
        run.cost.replace(with: cost, where: better)
        run.place.replace(with: place, where: better)
        place += 1
        second += 1
      }
      let cost = run.cost + memory.firstCosts[first]
      let better = cost .< best.cost
      best.cost.replace(with: cost, where: better)
      best.place.replace(with: run.place, where: better)
    }
    return best
  }

  /// The least cost of whole sub-blocks at a scale.
  @inlinable @inline(__always)
  func cost(_ scale: Lanes) -> Lanes {
    if signs == .shifted { return smaller(cost(scale, GridGroup.up), cost(scale, -GridGroup.up)) }
    var total = Lanes.zero
    for group in 0..<groups {
      if signs == .groupShifted {
        let plus = least(group, scale, GridGroup.up)
        total += smaller(least(group, scale, -GridGroup.up), plus)
      } else {
        total += least(group, scale, .zero)
      }
    }
    return total
  }

  /// How far values are shifted, up or down.
  @inlinable @inline(__always)
  static var up: Lanes { Lanes(repeating: 0.125) }

  /// The least cost of whole sub-blocks at a scale, all values being shifted alike.
  @inlinable @inline(__always)
  func cost(_ scale: Lanes, _ shift: Lanes) -> Lanes {
    var total = Lanes.zero
    for group in 0..<groups { total += least(group, scale, shift) }
    return total
  }

  /// The least cost of a group.
  @inlinable @inline(__always)
  func least(_ group: Int, _ scale: Lanes, _ shift: Lanes) -> Lanes {
    fillCosts(group, scale: scale, shift: shift)
    return least()
  }

  /// Finds the entries of least cost at a scale, and leaves them in memory.
  @inlinable @inline(__always)
  func choose(_ scale: Lanes) -> GridSums {
    var sums = GridSums()
    var shift = Lanes.zero
    if signs == .shifted {
      let plus = cost(scale, GridGroup.up)
      shift = GridGroup.up.replacing(
        with: -GridGroup.up, where: cost(scale, -GridGroup.up) .< plus)
    }
    for group in 0..<groups {
      if signs == .groupShifted {
        let plus = least(group, scale, GridGroup.up)
        shift = GridGroup.up.replacing(
          with: -GridGroup.up, where: least(group, scale, -GridGroup.up) .< plus)
      }
      fillCosts(group, scale: scale, shift: shift)
      keep(choice(), group, shift, &sums)
    }
    return sums
  }

  /// Leaves the entries of a group in memory and adds their values to the sums.
  @inlinable @inline(__always)
  func keep(_ choice: GridChoice, _ group: Int, _ shift: Lanes, _ sums: inout GridSums) {
    let first = group * book.groupWeights
    let found = UnsafeMutableRawPointer(memory.group.derived)
    for lane in 0..<laneCount {
      let entry = Int(book.numbers[Int(choice.place[lane])])
      memory.entries[lane * groups + group] = UInt16(truncatingIfNeeded: entry)
      memory.shifts[lane * groups + group] = shift[lane] < 0 ? 1 : 0
      for index in 0..<book.groupWeights {
        found.storeBytes(
          of: book.values[entry * book.groupWeights + index],
          toByteOffset: (index * laneCount + lane) * 4, as: Float.self)
      }
    }
    for index in 0..<book.groupWeights {
      let value = memory.group.derived[index] + shift
      let cared = memory.group.cares[first + index] * value
      sums.vx += cared * memory.targets[first + index]
      sums.vv += cared * value
    }
  }
}
