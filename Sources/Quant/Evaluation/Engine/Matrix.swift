// SPDX-License-Identifier: MIT
package import BlockFormats

/// Memory for floats, aligned for the widest vectors.
@safe
private final class FloatMemory: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>

  init(count: Int) {
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    unsafe base = raw.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit { unsafe UnsafeMutableRawPointer(base).deallocate() }
}

/// A matrix of floats in rows, or a window onto one: copies refer to the same numbers.
///
/// Whoever hands parts of one to several threads answers for each number being written by one of
/// them. New memory is not cleared.
@safe
public struct Matrix: @unchecked Sendable {
  /// How many rows.
  public let rows: Int
  /// Numbers a row.
  public let columns: Int
  /// Numbers from the start of one row to the start of the next.
  package let stride: Int
  private let memory: FloatMemory
  private let start: Int

  /// Makes memory for a matrix.
  public init(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0)
    self.init(
      rows: rows, columns: columns, stride: columns, memory: FloatMemory(count: rows * columns),
      start: 0)
  }

  private init(rows: Int, columns: Int, stride: Int, memory: FloatMemory, start: Int) {
    self.rows = rows
    self.columns = columns
    self.stride = stride
    self.memory = memory
    self.start = start
  }

  /// A window onto some rows.
  public func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows)
    return Matrix(
      rows: range.count, columns: columns, stride: stride, memory: memory,
      start: start + range.lowerBound * stride)
  }

  /// A window onto some columns.
  public func columns(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns)
    return Matrix(
      rows: rows, columns: range.count, stride: stride, memory: memory,
      start: start + range.lowerBound)
  }

  /// A packed window of another shape onto the first numbers; this one must be packed, too.
  package func shaped(rows: Int, columns: Int) -> Matrix {
    precondition(stride == self.columns && rows * columns <= self.rows * self.columns)
    return Matrix(rows: rows, columns: columns, stride: columns, memory: memory, start: start)
  }

  /// Where the numbers are. Alive as long as the matrix is.
  @unsafe package var base: UnsafeMutablePointer<Float> { unsafe memory.base + start }

  /// What kernels take.
  package var floatRows: FloatRows { unsafe FloatRows(base: base, stride: stride) }

  /// Lends a row.
  public func withRow<R, E: Error>(
    _ row: Int, _ body: (Span<Float>) throws(E) -> R
  ) throws(E) -> R {
    precondition(row >= 0 && row < rows)
    return try body(unsafe Span(_unsafeStart: base + row * stride, count: columns))
  }

  /// Lends a row for writing.
  public func withMutableRow<R, E: Error>(
    _ row: Int, _ body: (inout MutableSpan<Float>) throws(E) -> R
  ) throws(E) -> R {
    precondition(row >= 0 && row < rows)
    var span = unsafe MutableSpan(_unsafeStart: base + row * stride, count: columns)
    return try body(&span)
  }

  /// One number.
  package subscript(row: Int, column: Int) -> Float {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      return unsafe base[row * stride + column]
    }
    nonmutating set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      unsafe base[row * stride + column] = newValue
    }
  }

  /// Copies the numbers of a matrix of the same shape.
  package func copy(from other: Matrix) {
    precondition(rows == other.rows && columns == other.columns)
    for row in 0..<rows {
      unsafe (base + row * stride).update(from: other.base + row * other.stride, count: columns)
    }
  }

  /// A packed matrix of the same numbers.
  package func copied() -> Matrix {
    let copy = Matrix(rows: rows, columns: columns)
    copy.copy(from: self)
    return copy
  }

  /// Sets all numbers to zero.
  package func clear() {
    for row in 0..<rows { unsafe (base + row * stride).update(repeating: 0, count: columns) }
  }
}
