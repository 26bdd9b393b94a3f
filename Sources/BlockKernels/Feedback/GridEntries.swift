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
    keep(bestEntry())
  }

  /// The place of the best entry of each lane among all entries.
  @inlinable @inline(always)
  func bestEntry() -> Lanes {
    var best = GridBest()
    var current = Lanes.zero
    for run in 0..<grid.runCount {
      let found = grid.entryWeights == 8 ? bestOfFour(run, &current) : bestOfTwo(run, &current)
      let cost = memory.firstCosts[Int(grid.firsts[run])] + found.cost
      best.place.replace(with: found.place, where: cost .< best.cost)
      best.cost = smaller(cost, best.cost)
    }
    return best.place
  }

  /// The best of a run's entries, four weights being left of them.
  @inlinable @inline(always)
  func bestOfFour(_ run: Int, _ current: inout Lanes) -> GridBest {
    let runProducts = memory.runProducts + 4 &* run
    let products = (runProducts[0], runProducts[1], runProducts[2], runProducts[3])
    let stride = grid.halfCount
    var best = GridBest()
    for place in Int(grid.starts[run])..<Int(grid.starts[run &+ 1]) {
      let second = Int(grid.seconds[place])
      let half = grid.halves + second
      var cost = memory.secondCosts[second]
      cost += products.0 * half[0]
      cost += products.1 * half[stride]
      cost += products.2 * half[2 &* stride]
      cost += products.3 * half[3 &* stride]
      best.place.replace(with: current, where: cost .< best.cost)
      best.cost = smaller(cost, best.cost)
      current += 1
    }
    return best
  }

  /// The best of a run's entries, two weights being left of them.
  @inlinable @inline(always)
  func bestOfTwo(_ run: Int, _ current: inout Lanes) -> GridBest {
    let runProducts = memory.runProducts + 2 &* run
    let products = (runProducts[0], runProducts[1])
    let stride = grid.halfCount
    var best = GridBest()
    for place in Int(grid.starts[run])..<Int(grid.starts[run &+ 1]) {
      let second = Int(grid.seconds[place])
      let half = grid.halves + second
      var cost = memory.secondCosts[second]
      cost += products.0 * half[0]
      cost += products.1 * half[stride]
      best.place.replace(with: current, where: cost .< best.cost)
      best.cost = smaller(cost, best.cost)
      current += 1
    }
    return best
  }

  /// Puts entries into memory.
  @inlinable @inline(always)
  func keep(_ places: Lanes) {
    // In 2²³ + place, the lower half is the place.
    memory.spare[0] = places + 8_388_608
    for lane in Swift.stride(from: 0, to: laneCount, by: 4) {
      let (a, b, c, d) = (entry(lane), entry(lane &+ 1), entry(lane &+ 2), entry(lane &+ 3))
      let target = UnsafeMutableRawPointer(memory.magnitudes) + 4 &* lane
      for quad in 0..<grid.entryWeights / 4 {
        let (a, b, c, d) = (four(a, quad), four(b, quad), four(c, quad), four(d, quad))
        let to = target + 256 &* quad
        store(SIMD4(a.x, b.x, c.x, d.x), to)
        store(SIMD4(a.y, b.y, c.y, d.y), to + 64)
        store(SIMD4(a.z, b.z, c.z, d.z), to + 128)
        store(SIMD4(a.w, b.w, c.w, d.w), to + 192)
      }
    }
    for index in 0..<grid.entryWeights {
      memory.values[first &+ index] = memory.magnitudes[index] * memory.signs[index]
    }
  }

  /// The values of the entry whose place was left for a lane.
  @inlinable @inline(always)
  func entry(_ lane: Int) -> UnsafeRawPointer {
    let place = UnsafeRawPointer(memory.spare).load(fromByteOffset: 4 &* lane, as: UInt16.self)
    return UnsafeRawPointer(grid.values + Int(place) &* grid.entryWeights)
  }

  /// Four of an entry's values.
  @inlinable @inline(always)
  func four(_ entry: UnsafeRawPointer, _ quad: Int) -> SIMD4<Float> {
    (entry + 16 &* quad).loadUnaligned(as: SIMD4<Float>.self)
  }
}

/// The least cost, and the place of the entry that has it.
@usableFromInline
struct GridBest {
  @usableFromInline var cost = Lanes(repeating: .infinity)
  @usableFromInline var place = Lanes.zero

  @inlinable @inline(always) init() {}
}
