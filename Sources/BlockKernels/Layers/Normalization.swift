// SPDX-License-Identifier: MIT

/// Divides each row by the root of its mean square.
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
@inlinable @inline(always)
public func normalizeRows(
  _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
  weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float
) {
  for row in 0..<rows {
    var squares = Lanes.zero
    for column in stride(from: 0, to: columns, by: laneCount) {
      let x = loadLanes(source[row] + column, columns - column)
      squares += x * x
    }
    let factor = 1 / (total(squares) / Float(columns) + epsilon).squareRoot()
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      var y = loadLanes(source[row] + column, left) * factor
      if let weight { y *= loadLanes(weight + column, left) }
      if let bias { y += loadLanes(bias + column, left) }
      storeLanes(y, target[row] + column, left)
    }
  }
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
