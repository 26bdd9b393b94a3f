// SPDX-License-Identifier: MIT

/// Turns scores into weights that add up to one: the softmax of scale · score over part of a row.
///
/// - Parameters:
///   - scores: The row; numbers outside `low..<high` become zero.
///   - count: Numbers of the row.
///   - low: The first that counts.
///   - high: Where those that count end; above `low`.
///   - scale: A factor on every score.
///   - cap: If not zero, scores x become cap · tanh(x / cap) first.
///   - sink: One more score that takes its share and has no place in the row; -infinity for none.
@inlinable @inline(always)
public func softmaxRow(
  _ scores: UnsafeMutablePointer<Float>, count: Int, low: Int, high: Int, scale: Float,
  cap: Float, sink: Float
) {
  for index in 0..<low { scores[index] = 0 }
  for index in high..<count { scores[index] = 0 }
  if cap != 0 { capScores(scores, low: low, high: high, factor: scale / cap, cap: cap) }
  let factor: Float = cap != 0 ? 1 : scale
  var peaks = Lanes(repeating: -.infinity)
  let whole = low + (high - low) / laneCount * laneCount
  for index in stride(from: low, to: whole, by: laneCount) {
    peaks = larger(peaks, loadLanes(scores + index, laneCount) * factor)
  }
  var peak = sink
  for lane in 0..<laneCount { peak = peaks[lane] > peak ? peaks[lane] : peak }
  for index in whole..<high { peak = scores[index] * factor > peak ? scores[index] * factor : peak }
  var sums = Lanes.zero
  for index in stride(from: low, to: high, by: laneCount) {
    let left = high - index
    let power = exponential(loadLanes(scores + index, left) * factor - peak)
    storeLanes(power, scores + index, left)
    // Lanes beyond the row's end hold exp(-peak): read back, they are zero.
    sums += left >= laneCount ? power : loadLanes(scores + index, left)
  }
  var sum = total(sums)
  if sink > -.infinity { sum += exponential(Lanes(repeating: sink - peak))[0] }
  scaleRow(scores + low, count: high - low, factor: 1 / sum)
}

/// x becomes cap · tanh(factor · x).
@inlinable @inline(always)
func capScores(
  _ scores: UnsafeMutablePointer<Float>, low: Int, high: Int, factor: Float, cap: Float
) {
  for index in stride(from: low, to: high, by: laneCount) {
    let left = high - index
    let x = loadLanes(scores + index, left) * factor
    storeLanes(hyperbolicTangent(x) * cap, scores + index, left)
  }
}

/// tanh, as 1 - 2 / (exp(2 x) + 1).
@inlinable @inline(always)
func hyperbolicTangent(_ x: Lanes) -> Lanes { 1 - 2 / (exponential(x * 2) + 1) }

/// Caps all numbers of a row: x becomes cap · tanh(x / cap).
@inlinable @inline(always)
public func capRow(_ row: UnsafeMutablePointer<Float>, count: Int, cap: Float) {
  capScores(row, low: 0, high: count, factor: 1 / cap, cap: cap)
}
