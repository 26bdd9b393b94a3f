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
    for index in 0..<weights {
      let change = memory.slopes[index]
      singles.place.replace(with: Lanes(repeating: Float(index)), where: change .< singles.gain)
      singles.gain = smaller(change, singles.gain)
      parity = parity.replacing(with: -parity, where: values[index] .< Lanes.zero)
    }
    if grid.signs == .even {
      let pairs = bestPair()
      let isWrong = parity .< Lanes.zero
      let a = pairs.first.replacing(with: singles.place, where: isWrong)
      let b = pairs.second.replacing(with: none, where: isWrong)
      for index in 0..<weights {
        let here = Lanes(repeating: Float(index))
        var value = values[index]
        value = value.replacing(with: -value, where: a .== here)
        values[index] = value.replacing(with: -value, where: b .== here)
      }
    } else {
      let place = none.replacing(with: singles.place, where: singles.gain .< Lanes.zero)
      for index in 0..<weights {
        let value = values[index]
        values[index] = value.replacing(
          with: -value, where: place .== Lanes(repeating: Float(index)))
      }
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

  /// The two signs that are best changed together; -1 where no change lowers the cost.
  @inlinable @inline(always)
  func bestPair() -> (first: Lanes, second: Lanes) {
    let values = memory.values + entries.first
    var places = (first: Lanes(repeating: -1), second: Lanes(repeating: -1))
    var gain = Lanes.zero
    for row in 0..<grid.entryWeights &- 1 {
      let here = Lanes(repeating: Float(row))
      for column in row &+ 1..<grid.entryWeights {
        let cross = 8 * entries.metric[row &* entries.rowStride &+ column]
        let change =
          memory.slopes[row] + memory.slopes[column] + values[row] * values[column] * cross
        let isBetter = change .< gain
        places.first.replace(with: here, where: isBetter)
        places.second.replace(with: Lanes(repeating: Float(column)), where: isBetter)
        gain = smaller(change, gain)
      }
    }
    return places
  }
}
