// SPDX-License-Identifier: MIT
internal import Dispatch
internal import GGUF
package import QuantModels
internal import Synchronization

/// A fixed number of threads that share work, each with memory of its own.
package final class Workers: Sendable {
  /// How many work at once.
  package let count: Int
  private let slots: [WorkerSlot]

  /// So many threads, at least one.
  package init(count: Int) {
    self.count = max(1, count)
    slots = (0..<self.count).map { _ in WorkerSlot() }
  }

  /// Runs a body for every index, each on some thread.
  ///
  /// - Parameters:
  ///   - total: How many indices.
  ///   - body: Does one; its slot is used by no other thread meanwhile.
  /// - Throws: What the body threw first; indices not begun by then are left out.
  package func forEach(
    _ total: Int, _ body: @Sendable (Int, WorkerSlot) throws(QuantError) -> Void
  ) throws(QuantError) {
    guard total > 1, count > 1 else {
      OneDNN.useThisThreadAlone()
      for index in 0..<total { try body(index, slots[0]) }
      return
    }
    let next = Atomic(0)
    let failure = Locked<QuantError?>(nil)
    DispatchQueue.concurrentPerform(iterations: min(count, total)) { worker in
      OneDNN.useThisThreadAlone()
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < total, failure.withLock({ $0 == nil }) else { return }
        do throws(QuantError) {
          try body(index, slots[worker])
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// Runs a body for ranges that make up `0..<total`, a few for each thread.
  package func forRanges(
    _ total: Int, atLeast least: Int = 1,
    _ body: @Sendable (Range<Int>, WorkerSlot) throws(QuantError) -> Void
  ) throws(QuantError) {
    let size = max(least, (total + 4 * count - 1) / (4 * count))
    try forEach((total + size - 1) / size) { (index, slot) throws(QuantError) in
      try body(index * size..<min((index + 1) * size, total), slot)
    }
  }
}

/// What one thread keeps between tasks. Used by one at a time, which `Workers` sees to.
package final class WorkerSlot: @unchecked Sendable {
  /// The products it has prepared.
  package let products = ProductCache()
  /// A decoded tile of weights.
  private var tile = Matrix(rows: 0, columns: 0)
  private var spare = Matrix(rows: 0, columns: 0)
  /// The tile in 16-bit halves.
  private(set) var halves = HalfMatrix()
  /// The reader used last, with its buffer.
  var reader: TensorReader?
  /// Memory for blocks of a tile in another type.
  var blocks: [UInt8] = []

  /// Memory for a tile of weights.
  func tile(rows: Int, columns: Int) -> Matrix { Self.fit(&tile, rows, columns) }

  /// Memory for something else.
  func spare(rows: Int, columns: Int) -> Matrix { Self.fit(&spare, rows, columns) }

  private static func fit(_ matrix: inout Matrix, _ rows: Int, _ columns: Int) -> Matrix {
    if matrix.rows * matrix.columns < rows * columns {
      matrix = Matrix(rows: 1, columns: rows * columns)
    }
    return matrix.shaped(rows: rows, columns: columns)
  }
}
