// SPDX-License-Identifier: MIT

/// Changes of signs, magnitudes staying as they are.
extension FeedbackGroup {
  /// Changes one sign, or two where their number is tied, if that lowers the cost; where the number of
  /// minuses is wrong, one in any case.
  @inlinable @inline(always)
  func changeSigns(isOdd: Bool) {
    let first = entries.first
    let weights = grid.entryWeights
    let values = memory.values + first
    fillSlopes()
    let none = Lanes(repeating: -1)
    var singles = (place: none, gain: Lanes(repeating: .infinity))
    var parity = Lanes(repeating: isOdd ? -1 : 1)
    // Counted up as a vector: the compiler would choose between other numbers lane by lane.
    var here = Lanes.zero
    for index in 0..<weights {
      let change = memory.slopes[index]
      singles.place.replace(with: here, where: change .< singles.gain)
      singles.gain = smaller(change, singles.gain)
      parity = parity.replacing(with: -parity, where: values[index] .< Lanes.zero)
      here += 1
    }
    var (a, b) = (singles.place, none)
    if grid.signs == .even {
      let isWrong = parity .< Lanes.zero
      let pair = bestPair()
      // Both numbers are digits of one: see `bestPair`.
      let row = rounded((pair - 3.5) * 0.125)
      a = row.replacing(with: a, where: isWrong)
      b = (pair - row * 8).replacing(with: none, where: smaller(parity, pair) .< Lanes.zero)
    } else {
      a = none.replacing(with: a, where: singles.gain .< Lanes.zero)
    }
    for index in 0..<weights {
      let here = Lanes(repeating: Float(index))
      var value = values[index]
      value = value.replacing(with: -value, where: a .== here)
      values[index] = value.replacing(with: -value, where: b .== here)
    }
  }

  /// Puts what changing each sign adds to the cost into `memory.slopes`.
  @inlinable @inline(always)
  func fillSlopes() {
    let first = entries.first
    let values = memory.values + first
    for row in 0..<grid.entryWeights {
      var slope = -memory.linear[first &+ row]
      for column in 0..<grid.entryWeights {
        slope += values[column] * entries.metric[row &* entries.rowStride &+ column]
      }
      let own = values[row] * entries.metric[row &* entries.rowStride &+ row]
      memory.slopes[row] = 4 * values[row] * (own - slope)
    }
  }

  /// The two signs that are best changed together, as 8 · the first + the second; -8 where no change
  /// lowers the cost.
  @inlinable @inline(always)
  func bestPair() -> Lanes {
    let values = memory.values + entries.first
    var best = Lanes(repeating: -8)
    var gain = Lanes.zero
    var current = Lanes(repeating: 1)
    for row in 0..<grid.entryWeights &- 1 {
      for column in row &+ 1..<grid.entryWeights {
        let cross = 8 * entries.metric[row &* entries.rowStride &+ column]
        let change =
          memory.slopes[row] + memory.slopes[column] + values[row] * values[column] * cross
        best.replace(with: current, where: change .< gain)
        gain = smaller(change, gain)
        current += 1
      }
      current += Float(row &+ 2)
    }
    return best
  }
}
