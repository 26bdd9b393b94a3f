// SPDX-License-Identifier: MIT

/// Finds the entries of a codebook that make v D vᵀ - 2 b v least, v being an entry with given signs: one
/// for each of 16 rows, which share D.
///
/// With signs folded into D and b, an entry with halves u and w costs A(u) + B(w) + Σ p_k(u) w_k. A, B and
/// the parts of p that quarters of u add are worked out for all halves and quarters, of which there are
/// few; an entry then costs one multiplication a weight of its second half.
@usableFromInline
struct GridEntries {
  @usableFromInline let grid: FeedbackGrid
  @usableFromInline let memory: GridFeedbackMemory
  /// D, and how many floats are from row to row.
  @usableFromInline var metric: UnsafePointer<Float>
  @usableFromInline var rowStride: Int
  /// The place of the entry's first weight in what `memory` has of the group.
  @usableFromInline var first: Int

  @inlinable @inline(always)
  init(
    _ grid: FeedbackGrid, _ memory: GridFeedbackMemory, metric: UnsafePointer<Float>,
    rowStride: Int, first: Int
  ) {
    self.grid = grid
    self.memory = memory
    self.metric = metric
    self.rowStride = rowStride
    self.first = first
  }

  /// Puts the best entries with the signs of `memory.values` into `memory.values`.
  @inlinable @inline(always)
  func search() {
    foldSigns()
    if grid.entryWeights == 8 {
      fillPairs()
      joinPairs(0)
      joinPairs(1)
      fillPairProducts()
    } else {
      fillSingles()
      joinSingles(0)
      joinSingles(1)
      fillSingleProducts()
    }
    fillRunProducts()
    keep(bestRun())
  }

  /// The run of the best entry in each lane.
  @inlinable @inline(always)
  func bestRun() -> Lanes {
    var least = Lanes(repeating: .infinity)
    var best = Lanes.zero
    var current = Lanes.zero
    for run in 0..<grid.runCount {
      let seconds = grid.entryWeights == 8 ? leastOfFour(run) : leastOfTwo(run)
      let cost = memory.firstCosts[Int(grid.firsts[run])] + seconds
      best.replace(with: current, where: cost .< least)
      least = smaller(cost, least)
      current += 1
    }
    return best
  }

  /// The least cost of a run's second halves of four weights.
  @inlinable @inline(always)
  func leastOfFour(_ run: Int) -> Lanes {
    let runProducts = memory.runProducts + 4 &* run
    let products = (runProducts[0], runProducts[1], runProducts[2], runProducts[3])
    let stride = grid.halfCount
    var least = Lanes(repeating: .infinity)
    for place in Int(grid.starts[run])..<Int(grid.starts[run &+ 1]) {
      let second = Int(grid.seconds[place])
      let half = grid.halves + second
      var cost = memory.secondCosts[second]
      cost += products.0 * half[0]
      cost += products.1 * half[stride]
      cost += products.2 * half[2 &* stride]
      cost += products.3 * half[3 &* stride]
      least = smaller(cost, least)
    }
    return least
  }

  /// The least cost of a run's second halves of two weights.
  @inlinable @inline(always)
  func leastOfTwo(_ run: Int) -> Lanes {
    let runProducts = memory.runProducts + 2 &* run
    let products = (runProducts[0], runProducts[1])
    let stride = grid.halfCount
    var least = Lanes(repeating: .infinity)
    for place in Int(grid.starts[run])..<Int(grid.starts[run &+ 1]) {
      let second = Int(grid.seconds[place])
      let half = grid.halves + second
      var cost = memory.secondCosts[second]
      cost += products.0 * half[0]
      cost += products.1 * half[stride]
      least = smaller(cost, least)
    }
    return least
  }

  /// Puts the best entries of runs into memory.
  @inlinable @inline(always)
  func keep(_ runs: Lanes) {
    // In 2²³ + run, the lower half is the run.
    memory.spare[0] = runs + 8_388_608
    let runs = UnsafeRawPointer(memory.spare)
    let target = UnsafeMutableRawPointer(memory.magnitudes)
    for lane in 0..<laneCount {
      let place = bestPlace(Int(runs.load(fromByteOffset: 4 &* lane, as: UInt16.self)), lane)
      let values = grid.values + place &* grid.entryWeights
      for index in 0..<grid.entryWeights {
        target.storeBytes(
          of: values[index], toByteOffset: 64 &* index &+ 4 &* lane, as: Float.self)
      }
    }
    for index in 0..<grid.entryWeights {
      memory.values[first &+ index] = memory.magnitudes[index] * memory.signs[index]
    }
  }

  /// Where the best entry of a run is among all entries, for one lane.
  @inlinable @inline(always)
  func bestPlace(_ run: Int, _ lane: Int) -> Int {
    let half = grid.entryWeights / 2
    let costs = UnsafeRawPointer(memory.secondCosts) + 4 &* lane
    let products = UnsafeRawPointer(memory.runProducts + half &* run) + 4 &* lane
    var best = Int(grid.starts[run])
    var least = Float.infinity
    for place in best..<Int(grid.starts[run &+ 1]) {
      let second = Int(grid.seconds[place])
      let values = grid.halves + second
      var cost = costs.load(fromByteOffset: 64 &* second, as: Float.self)
      for index in 0..<half {
        let product = products.load(fromByteOffset: 64 &* index, as: Float.self)
        cost += product * values[index &* grid.halfCount]
      }
      best = cost < least ? place : best
      least = cost < least ? cost : least
    }
    return best
  }
}
