// SPDX-License-Identifier: MIT

/// Divides each row by the root of its mean square; if it is centered, its mean is taken off first.
///
/// y = x / √(mean(x²) + epsilon) · weight + bias; a missing weight is 1, a missing bias 0.
///
/// - Parameters:
///   - source: Rows of `columns` numbers.
///   - target: Takes as many; may be `source`.
///   - rows: How many rows.
///   - columns: Numbers a row.
///   - weight: One factor a column.
///   - bias: One summand a column.
///   - epsilon: Added to the mean square.
///   - isCentered: Whether the mean is taken off.
@inlinable @inline(always)
public func normalizeRows(
  _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
  weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float, isCentered: Bool
) {
  for row in 0..<rows {
    let mean = isCentered ? meanOfRow(source[row], columns) : 0
    var squares = Lanes.zero
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      // Lanes beyond the row's end hold -mean.
      let x = loadLanes(source[row] + column, left) - mean
      squares += left >= laneCount || mean == 0 ? x * x : firstLanes(x * x, left)
    }
    let factor = 1 / (total(squares) / Float(columns) + epsilon).squareRoot()
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      var y = (loadLanes(source[row] + column, left) - mean) * factor
      if let weight { y *= loadLanes(weight + column, left) }
      if let bias { y += loadLanes(bias + column, left) }
      storeLanes(y, target[row] + column, left)
    }
  }
}

/// The mean of a row's numbers.
@inlinable @inline(always)
func meanOfRow(_ row: UnsafePointer<Float>, _ columns: Int) -> Float {
  var sums = Lanes.zero
  for column in stride(from: 0, to: columns, by: laneCount) {
    sums += loadLanes(row + column, columns - column)
  }
  return total(sums) / Float(columns)
}

/// The first lanes, and zeros.
@inlinable @inline(always)
func firstLanes(_ x: Lanes, _ count: Int) -> Lanes {
  var y = x
  for lane in count..<laneCount { y[lane] = 0 }
  return y
}

/// Adds the same numbers, one a column, to each row.
@inlinable @inline(always)
public func addToRows(
  _ target: FloatRows, rows: Int, columns: Int, bias: UnsafePointer<Float>
) {
  for row in 0..<rows {
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      let y = loadLanes(target[row] + column, left) + loadLanes(bias + column, left)
      storeLanes(y, target[row] + column, left)
    }
  }
}

/// Adds `factor` times a row to another: y += factor · x.
@inlinable @inline(always)
public func addScaled(
  _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, count: Int, factor: Float
) {
  for column in stride(from: 0, to: count, by: laneCount) {
    let left = count - column
    let y = loadLanes(target + column, left) + loadLanes(source + column, left) * factor
    storeLanes(y, target + column, left)
  }
}

/// Multiplies a row by a factor.
@inlinable @inline(always)
public func scaleRow(_ target: UnsafeMutablePointer<Float>, count: Int, factor: Float) {
  for column in stride(from: 0, to: count, by: laneCount) {
    let left = count - column
    storeLanes(loadLanes(target + column, left) * factor, target + column, left)
  }
}

/// Adds the squares of all rows' numbers to one sum a column.
@inlinable @inline(always)
public func addSquares(
  _ source: FloatRows, rows: Int, columns: Int, sums: UnsafeMutablePointer<Float>
) {
  for column in stride(from: 0, to: columns, by: laneCount) {
    let left = columns - column
    var sum = loadLanes(sums + column, left)
    for row in 0..<rows {
      let x = loadLanes(source[row] + column, left)
      sum += x * x
    }
    storeLanes(sum, sums + column, left)
  }
}
