// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels

/// A short causal convolution of each channel, over whole windows: no window sees another.
struct ConvolutionPass: Sendable {
  private let size: Int
  /// A row a tap, a column a channel.
  private let taps: Matrix
  private let bias: [Float]?
  private let context: ForwardContext

  init(_ graph: ConvolutionGraph, in context: ForwardContext) throws(QuantError) {
    self.context = context
    size = graph.size
    bias = try context.vector(graph.bias)
    taps = try context.matrix(graph.weight).transposed()
  }

  /// Channels that a thread takes at once.
  private static let block = 1024

  /// Convolves windows of `length` rows each.
  ///
  /// - Parameters:
  ///   - x: A column a channel.
  ///   - length: Rows of a window.
  ///   - hasSilu: Whether results x become x · sigmoid(x).
  ///   - y: Takes as many; not `x`.
  /// - Throws: Nothing of its own.
  func run(_ x: Matrix, length: Int, hasSilu: Bool, into y: Matrix) throws(QuantError) {
    precondition(x.columns == taps.columns && y.columns == x.columns && x.rows == y.rows)
    let blocks = (x.columns + Self.block - 1) / Self.block
    try context.workers.forEach(x.rows / length * blocks) { (task, _) throws(QuantError) in
      let rows = task / blocks * length..<(task / blocks + 1) * length
      let first = task % blocks * Self.block
      let columns = first..<min(first + Self.block, x.columns)
      let (source, target) = (x.rows(rows).columns(columns), y.rows(rows).columns(columns))
      let taps = taps.columns(columns)
      unsafe bias.withPointer { bias in
        unsafe KernelTable.current.layers.convolve(
          source.floatRows, target.floatRows, rows: length, columns: columns.count,
          taps: taps.floatRows, size: size, bias: bias.map { unsafe $0 + columns.lowerBound },
          hasSilu: hasSilu)
      }
    }
  }
}

extension ForwardContext {
  /// Reads a whole small tensor: a row (of its innermost dimension) a row.
  func matrix(_ tensor: TensorInfo) throws(QuantError) -> Matrix {
    let numbers: [Float] = try vector(tensor)
    let matrix = Matrix(rows: tensor.weightCount / tensor.rowWeights, columns: tensor.rowWeights)
    for row in 0..<matrix.rows {
      for column in 0..<matrix.columns {
        matrix[row, column] = numbers[row * matrix.columns + column]
      }
    }
    return matrix
  }

  /// Norms columns in groups of `size`, each by itself, in place; factors and summands are one a column.
  func normalizeGroups(
    _ target: Matrix, size: Int, weight: [Float]?, bias: [Float]? = nil, epsilon: Float,
    isCentered: Bool = false
  ) throws(QuantError) {
    let columns = target.columns
    precondition(columns % size == 0 && (weight?.count ?? columns) == columns)
    precondition((bias?.count ?? columns) == columns)
    try workers.forRanges(target.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      unsafe weight.withPointer { weight in
        unsafe bias.withPointer { bias in
          for first in stride(from: 0, to: columns, by: size) {
            let part = target.rows(rows).columns(first..<first + size)
            unsafe KernelTable.current.layers.normalize(
              part.floatRows, part.floatRows, rows: rows.count, columns: size,
              weight: weight.map { unsafe $0 + first }, bias: bias.map { unsafe $0 + first },
              epsilon: epsilon, isCentered: isCentered)
          }
        }
      }
    }
  }
}

extension Matrix {
  /// A packed matrix with rows and columns exchanged.
  func transposed() -> Matrix {
    let other = Matrix(rows: columns, columns: rows)
    for row in 0..<rows {
      for column in 0..<columns { other[column, row] = self[row, column] }
    }
    return other
  }
}
