// SPDX-License-Identifier: MIT

/// A short causal convolution of each column by itself, over the rows of one window.
///
/// y[t] = Σ taps[j] · x[t - size + 1 + j] + bias: the last tap meets the row itself, and rows before the
/// first are zero.
///
/// - Parameters:
///   - source: Rows of one window.
///   - target: Takes as many; not `source`.
///   - rows: How many rows.
///   - columns: Numbers a row.
///   - taps: `size` rows of `columns` factors.
///   - size: How many rows meet in a result.
///   - bias: One summand a column; 0 if missing.
///   - hasSilu: Whether results x become x · sigmoid(x).
@inlinable @inline(always)
public func convolveRows(
  _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int, taps: FloatRows,
  size: Int, bias: UnsafePointer<Float>?, hasSilu: Bool
) {
  for row in 0..<rows {
    let first = max(0, size - 1 - row)
    for column in stride(from: 0, to: columns, by: laneCount) {
      let left = columns - column
      var sum = Lanes.zero
      if let bias { sum = loadLanes(bias + column, left) }
      for tap in first..<size {
        sum +=
          loadLanes(source[row - size + 1 + tap] + column, left)
          * loadLanes(taps[tap] + column, left)
      }
      if hasSilu { sum = sum / (1 + exponential(-sum)) }
      storeLanes(sum, target[row] + column, left)
    }
  }
}
