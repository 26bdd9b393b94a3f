// SPDX-License-Identifier: MIT
internal import QuantEvaluation

/// The square of a panel on the diagonal, factorized in double precision by one thread.
final class PanelSquare {
  private let panel: Range<Int>
  private let group: Int
  /// First the numbers of H less what comes off them, then A with the identity; rows of `count`.
  private var numbers: [Double]
  /// The inverse of A's square, which is zero below the diagonal as A is.
  private var inverse: [Double]
  /// [count/g][g][g].
  private var metrics: [Double]
  private var metricInverses: [Double]

  private var count: Int { panel.count }

  /// A pivot below this part of the number on H's diagonal is lost in what single precision rounds.
  private static let leastPivot = 0x1p-20

  /// Takes the numbers.
  init(_ matrix: Matrix, _ panel: Range<Int>, group: Int) {
    self.panel = panel
    self.group = group
    numbers = []
    for row in panel {
      for column in panel { numbers.append(Double(matrix[row, column])) }
    }
    inverse = Array(repeating: 0, count: panel.count * panel.count)
    metrics = Array(repeating: 0, count: panel.count * group)
    metricInverses = metrics
  }

  /// Factorizes; `limits` are the numbers on H's diagonal. False if a pivot is not positive beyond doubt.
  func factorize(limits: [Float]) -> Bool {
    guard factorizeByColumns(limits) else { return false }
    for first in stride(from: 0, to: count, by: group) { takeOut(first) }
    invert()
    return true
  }

  /// R R^T = H, from the last column up.
  private func factorizeByColumns(_ limits: [Float]) -> Bool {
    let n = count
    return unsafe numbers.withUnsafeMutableBufferPointer { r in
      for column in (0..<n).reversed() {
        for row in (0...column).reversed() {
          var sum = unsafe r[row * n + column]
          for inner in column + 1..<max(n, column + 1) {
            unsafe sum -= r[row * n + inner] * r[column * n + inner]
          }
          if row == column {
            guard sum > Self.leastPivot * Double(limits[column]), sum.isFinite else { return false }
            unsafe r[row * n + column] = sum.squareRoot()
          } else {
            unsafe r[row * n + column] = sum / r[column * n + column]
          }
        }
        for row in column + 1..<max(n, column + 1) { unsafe r[row * n + column] = 0 }
      }
      return true
    }
  }

  /// Splits R's columns G of a group into A_{:,G} and D_G.
  private func takeOut(_ first: Int) {
    let (n, g) = (count, group)
    let square = (0..<g * g).map { numbers[(first + $0 / g) * n + first + $0 % g] }
    let inverse = square.invertedUpper(g)
    for row in 0..<g {
      for column in 0..<g {
        let at = first * g + row * g + column
        metrics[at] = (0..<g).reduce(0) { $0 + square[row * g + $1] * square[column * g + $1] }
        metricInverses[at] = (0..<g).reduce(0) {
          $0 + inverse[$1 * g + row] * inverse[$1 * g + column]
        }
        numbers[(first + row) * n + first + column] = row == column ? 1 : 0
      }
    }
    for row in 0..<first {
      let old = (0..<g).map { numbers[row * n + first + $0] }
      for column in 0..<g {
        numbers[row * n + first + column] = (0...column).reduce(0) {
          $0 + old[$1] * inverse[$1 * g + column]
        }
      }
    }
  }

  private func invert() { inverse = numbers.invertedUpper(count) }

  /// Writes A without the identity, and returns the inverse of the square with it.
  func write(into matrix: Matrix) -> Matrix {
    let result = Matrix(rows: count, columns: count)
    for row in 0..<count {
      for column in 0..<count {
        let isIdentity = row / group >= column / group
        matrix[panel.lowerBound + row, panel.lowerBound + column] =
          isIdentity ? 0 : Float(numbers[row * count + column])
        result[row, column] = Float(inverse[row * count + column])
      }
    }
    return result
  }

  /// Writes the blocks of D and their inverses to their places among all columns'.
  func writeMetrics(_ all: inout [Float], inverses: inout [Float]) {
    for index in metrics.indices {
      all[panel.lowerBound * group + index] = Float(metrics[index])
      inverses[panel.lowerBound * group + index] = Float(metricInverses[index])
    }
  }

  /// Writes the inverses of D's blocks alone.
  func writeInverses(_ all: inout [Float]) {
    for index in metrics.indices {
      all[panel.lowerBound * group + index] = Float(metricInverses[index])
    }
  }

  /// A_JJ⁻ᵀ D_J⁻¹.
  func rightFactor() -> Matrix {
    let (n, g) = (count, group)
    let result = Matrix(rows: n, columns: n)
    for row in 0..<n {
      for column in 0..<n {
        let first = column / g * g
        result[row, column] = Float(
          (0..<g).reduce(0) {
            $0 + inverse[(first + $1) * n + row] * metricInverses[(first + $1) * g + column - first]
          })
      }
    }
    return result
  }
}

extension [Double] {
  /// The inverse of an upper triangular matrix in rows of `n`.
  func invertedUpper(_ n: Int) -> [Double] {
    var result = [Double](repeating: 0, count: n * n)
    unsafe result.withUnsafeMutableBufferPointer { result in
      // Row by row from the last: what is behind is known.
      for row in (0..<n).reversed() {
        let own = 1 / self[row * n + row]
        unsafe result[row * n + row] = own
        for inner in row + 1..<Swift.max(n, row + 1) {
          let factor = -self[row * n + inner] * own
          guard factor != 0 else { continue }
          for column in inner..<n {
            unsafe result[row * n + column] += factor * result[inner * n + column]
          }
        }
      }
    }
    return result
  }
}
