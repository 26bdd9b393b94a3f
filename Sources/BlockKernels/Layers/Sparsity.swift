// SPDX-License-Identifier: MIT

/// Leaves the largest numbers of each row: takes the mean and so many standard deviations off, and makes
/// what is then below zero zero.
///
/// - Parameters:
///   - target: Rows of `columns` numbers.
///   - rows: How many rows.
///   - columns: Numbers a row; the deviation of one number alone is zero.
///   - deviations: How many standard deviations (of a sample, with one number less).
@inlinable @inline(always)
public func sparsifyRows(_ target: FloatRows, rows: Int, columns: Int, deviations: Float) {
  for row in 0..<rows {
    let mean = meanOfRow(target[row], columns)
    var squares = Lanes.zero
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      let x = loadLanes(target[row] + column, left) - mean
      squares += left >= laneCount ? x * x : firstLanes(x * x, left)
    }
    let variance = total(squares) / Float(columns > 1 ? columns - 1 : 1)
    let least = mean + deviations * variance.squareRoot()
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      let x = loadLanes(target[row] + column, left) - least
      storeLanes(larger(.zero, x), target[row] + column, left)
    }
  }
}
