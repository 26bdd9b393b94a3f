// SPDX-License-Identifier: MIT
internal import BlockFormats
package import QuantModels
package import QuantPlanning

/// Exact sums of squares, a column at a time, for the matrices of one tensor.
///
/// Whoever adds to them answers for one call at a time.
@safe
package final class ColumnSums: @unchecked Sendable {
  let columns: Int
  /// Rows in each matrix's sums.
  private(set) var counts: [Int]
  private let sums: UnsafeMutableBufferPointer<ExactSum>

  init(columns: Int, matrices: Int) {
    self.columns = columns
    counts = Array(repeating: 0, count: matrices)
    unsafe sums = .allocate(capacity: columns * matrices)
    unsafe sums.initialize(repeating: ExactSum())
  }

  /// Sums as they were read from a file: `columns` for each count.
  init(columns: Int, counts: [Int], sums: [ExactSum]) {
    precondition(sums.count == columns * counts.count)
    self.columns = columns
    self.counts = counts
    unsafe self.sums = .allocate(capacity: sums.count)
    unsafe _ = self.sums.initialize(from: sums)
  }

  deinit { unsafe sums.deallocate() }

  /// How many sums there are.
  var count: Int { columns * counts.count }

  /// One of them: columns of the first matrix, then of the next.
  subscript(index: Int) -> ExactSum {
    precondition(index >= 0 && index < count)
    return unsafe sums[index]
  }

  /// Adds the squares of rows, window after window.
  ///
  /// - Parameters:
  ///   - input: The rows.
  ///   - windows: Those of each window; others are left out.
  ///   - matrix: The matrix that they go into.
  ///   - workers: Threads to work with.
  /// - Throws: Nothing of its own.
  func addSquares(
    of input: Matrix, _ windows: [Range<Int>], to matrix: Int, _ workers: Workers
  ) throws(QuantError) {
    precondition(input.columns == columns)
    counts[matrix] += windows.reduce(0) { $0 + $1.count }
    // Threads have columns of their own.
    try workers.forRanges(columns, atLeast: 64) { (range, _) throws(QuantError) in
      let part = input.columns(range)
      let partial = Matrix(rows: 1, columns: range.count)
      for window in windows {
        partial.clear()
        unsafe KernelTable.current.layers.squares(
          part.rows(window).floatRows, rows: window.count, columns: range.count,
          sums: partial.base)
        let first = matrix * columns + range.lowerBound
        for column in 0..<range.count {
          unsafe sums[first + column].add(Double(partial.base[column]))
        }
      }
    }
  }

  /// Adds what other rows gave.
  ///
  /// - Precondition: There are as many columns and matrices.
  func add(_ other: ColumnSums) {
    precondition(other.columns == columns && other.counts.count == counts.count)
    for index in counts.indices { counts[index] += other.counts[index] }
    for index in 0..<count { unsafe sums[index].add(other.sums[index]) }
  }
}

/// What one text, or windows of it, gathered: sums by the tensor's name.
package struct ImportanceSums: Sendable {
  /// The sums of each tensor.
  let tensors: [String: ColumnSums]

  /// Names in the order of their bytes.
  var names: [String] {
    tensors.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The sums as a matrix.
  ///
  /// - Parameters:
  ///   - datasets: Names of the texts.
  ///   - windowCount: Windows that were run.
  ///   - windowLength: Tokens of each.
  /// - Returns: The matrix, entries in the order of their names.
  /// - Throws: `QuantError.content` if something is not finite: the model computes nonsense.
  package func matrix(
    datasets: [String], windowCount: Int, windowLength: Int
  ) throws(QuantError) -> ImportanceMatrix {
    var entries: [ImportanceMatrix.Entry] = []
    for name in names {
      guard let sums = tensors[name] else { continue }
      entries.append(
        try ImportanceMatrix.Entry(
          name: name, rowWeights: sums.columns,
          sums: (0..<sums.count).map { Float(sums[$0].value) },
          counts: sums.counts.map { Float($0) }))
    }
    return try ImportanceMatrix(
      path: "importance matrix", datasets: datasets, chunkCount: windowCount,
      chunkSize: windowLength, entries: entries)
  }
}
