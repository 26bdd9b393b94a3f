// SPDX-License-Identifier: MIT

/// What halves and quarters of a codebook's entries cost.
extension GridEntries {
  /// Takes the signs of the values, and folds them into the quadratic form: weights are then magnitudes.
  @inlinable @inline(always)
  func foldSigns() {
    let one = Lanes(repeating: 1)
    for index in 0..<grid.entryWeights {
      let value = memory.values[first &+ index]
      let sign =
        grid.signs.isShifted ? one : one.replacing(with: -one, where: value .< Lanes.zero)
      memory.signs[index] = sign
      memory.pulls[index] = memory.linear[first &+ index] * sign * -2
    }
    for row in 0..<grid.entryWeights {
      let twice = memory.signs[row] + memory.signs[row]
      for column in row &+ 1..<grid.entryWeights {
        memory.products[8 &* row &+ column] =
          twice * memory.signs[column] * metric[row &* rowStride &+ column]
      }
    }
  }

  /// Quarters of two weights of three levels.
  @inlinable @inline(always)
  func fillPairs() {
    for quarter in 0..<4 {
      let (a, b) = (2 &* quarter, 2 &* quarter &+ 1)
      let cross = memory.products[8 &* a &+ b]
      for high in 0..<3 {
        let level = grid.levels[high]
        let base = cost(a, level)
        let pull = memory.pulls[b] + cross * level
        for low in 0..<3 {
          let other = grid.levels[low]
          memory.quarterCosts[9 &* quarter &+ 3 &* high &+ low] =
            base + (pull + other * metric[b &* rowStride &+ b]) * other
        }
      }
    }
  }

  /// Quarters of one weight of eight levels.
  @inlinable @inline(always)
  func fillSingles() {
    for quarter in 0..<4 {
      for level in 0..<8 {
        memory.quarterCosts[8 &* quarter &+ level] = cost(quarter, grid.levels[level])
      }
    }
  }

  /// What a weight costs at a level, by itself.
  @inlinable @inline(always)
  func cost(_ index: Int, _ level: Float) -> Lanes {
    (memory.pulls[index] + level * metric[index &* rowStride &+ index]) * level
  }

  /// Halves of two pairs.
  @inlinable @inline(always)
  func joinPairs(_ half: Int) {
    let costs = half == 0 ? memory.firstCosts : memory.secondCosts
    let heads = memory.quarterCosts + 18 &* half
    let products = memory.products + 36 &* half
    let (low, middle, high) = (grid.levels[0], grid.levels[1], grid.levels[2])
    for head in 0..<9 {
      let (a, b) = (grid.levels[head / 3], grid.levels[head % 3])
      let third = products[2] * a + products[10] * b
      let fourth = products[3] * a + products[11] * b
      let fourths = (fourth * low, fourth * middle, fourth * high)
      for level in 0..<3 {
        let base = heads[head] + third * grid.levels[level]
        let tail = heads + (9 &+ 3 &* level)
        let target = costs + (9 &* head &+ 3 &* level)
        target[0] = base + (tail[0] + fourths.0)
        target[1] = base + (tail[1] + fourths.1)
        target[2] = base + (tail[2] + fourths.2)
      }
    }
  }

  /// Halves of two single weights.
  @inlinable @inline(always)
  func joinSingles(_ half: Int) {
    let costs = half == 0 ? memory.firstCosts : memory.secondCosts
    let heads = memory.quarterCosts + 16 &* half
    let product = memory.products[18 &* half &+ 1]
    for head in 0..<8 {
      let cross = product * grid.levels[head]
      for tail in 0..<8 {
        costs[8 &* head &+ tail] = heads[head] + (heads[8 &+ tail] + cross * grid.levels[tail])
      }
    }
  }

  /// What each pair of the first half multiplies the weights of the second by.
  @inlinable @inline(always)
  func fillPairProducts() {
    for pair in 0..<9 {
      let (a, b) = (grid.levels[pair / 3], grid.levels[pair % 3])
      for index in 0..<4 {
        let products = memory.products + (4 &+ index)
        memory.heads[4 &* pair &+ index] = products[0] * a + products[8] * b
        memory.tails[4 &* pair &+ index] = products[16] * a + products[24] * b
      }
    }
  }

  /// Likewise each single weight.
  @inlinable @inline(always)
  func fillSingleProducts() {
    for level in 0..<8 {
      for index in 0..<2 {
        let products = memory.products + (2 &+ index)
        memory.heads[2 &* level &+ index] = products[0] * grid.levels[level]
        memory.tails[2 &* level &+ index] = products[8] * grid.levels[level]
      }
    }
  }

  /// What each run's first half multiplies the weights of the second by. The innermost loop takes this from
  /// memory: of sums that it saw, the compiler would take vectors apart.
  @inlinable @inline(always)
  func fillRunProducts() {
    let weights = grid.entryWeights / 2
    for run in 0..<grid.runCount {
      let head = memory.heads + weights &* Int(grid.heads[run])
      let tail = memory.tails + weights &* Int(grid.tails[run])
      let target = memory.runProducts + weights &* run
      for index in 0..<weights { target[index] = head[index] + tail[index] }
    }
  }
}
