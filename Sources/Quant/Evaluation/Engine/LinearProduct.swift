// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
package import QuantModels

/// The product of many rows with a matrix of any type: a tile of the matrix is decoded and multiplied
/// with all rows, then the next, by all threads.
///
/// A tile belongs to one thread, and its size depends on the matrix alone, so that results do not
/// depend on how many threads there are; nor, by `ProductInput`, does a row's on the other rows.
package struct LinearProduct {
  let context: ForwardContext
  let linear: Linear
  /// Which of the tensor's matrices.
  let matrix: Int
  /// Which part of that matrix, of `linear.outputs` rows.
  private let part: Int
  /// Whether observers are told.
  var isObserved = true

  /// A product with one of a tensor's matrices, or with a part of one.
  package init(_ linear: Linear, matrix: Int = 0, part: Int = 0, in context: ForwardContext) {
    self.linear = linear
    self.matrix = matrix
    self.part = part
    self.context = context
  }

  /// out = W x + b, row by row.
  ///
  /// `windows` says which rows are tokens of one window of text each; by default all rows are, in
  /// whole windows.
  package func run(
    _ x: Matrix, of windows: [Range<Int>]? = nil, into y: Matrix
  ) throws(QuantError) {
    precondition(x.columns == linear.inputs && y.columns == linear.outputs && x.rows == y.rows)
    guard x.rows > 0 else { return }
    if isObserved, let observer = context.observer {
      try observer.observe(
        linear.tensor, matrix: matrix, input: x, windows: windows ?? context.windows(of: x.rows),
        workers: context.workers)
    }
    let input = try ProductInput(rounded(x), mode: context.mode, context)
    let (outputs, tile) = (linear.outputs, tileRows)
    try context.workers.forEach((outputs + tile - 1) / tile) { (index, slot) throws(QuantError) in
      let columns = index * tile..<min((index + 1) * tile, outputs)
      let weights = try decode(columns, slot)
      try input.multiply(weights, into: y.columns(columns), slot)
    }
    try scale(y)
    if let bias = linear.bias {
      let all = try context.vector(bias)
      let first = (matrix + part) * outputs
      try context.add(Array(all[first..<first + outputs]), to: y)
    }
  }

  /// The type that the weights are taken in.
  private var weightType: TensorType {
    guard let other = context.substitution,
      other.concerns(linear.tensor.name, matrix: matrix)
    else { return linear.tensor.type }
    return other.format.type
  }

  /// The input as the compute mode wants it.
  private func rounded(_ x: Matrix) throws(QuantError) -> Matrix {
    guard context.mode == .llama, let format = ActivationRounding.format(for: weightType)
    else { return x }
    let copy = Matrix(rows: x.rows, columns: x.columns)
    copy.copy(from: x)
    try ActivationRounding.round(copy, to: format, context.workers)
    return copy
  }

  /// Enough for products at full speed, few enough for all threads to have some.
  private var tileRows: Int {
    linear.outputs < 1024 ? 64 : linear.outputs < 4096 ? 128 : 256
  }

  private func decode(_ rows: Range<Int>, _ slot: WorkerSlot) throws(QuantError) -> Matrix {
    let first = (matrix + part) * linear.outputs
    return try slot.decode(
      linear.tensor, matrix: matrix, rows: first + rows.lowerBound..<first + rows.upperBound,
      context)
  }

  private func scale(_ y: Matrix) throws(QuantError) {
    guard let factor = linear.factor else { return }
    let factors = try context.vector(factor)
    let value = factors.count == 1 ? factors[0] : factors[matrix]
    for row in 0..<y.rows {
      unsafe KernelTable.current.layers.scale(
        y.base + row * y.stride, count: y.columns, factor: value)
    }
  }
}

extension WorkerSlot {
  /// Decodes rows of a tensor, counted over all outer dimensions, into the slot's tile.
  ///
  /// All rows are of the tensor's matrix of the number given.
  func decode(
    _ tensor: TensorInfo, matrix: Int, rows: Range<Int>, _ context: ForwardContext
  ) throws(QuantError) -> Matrix {
    if reader?.tensor != tensor { reader = try TensorReader(model: context.model, tensor: tensor) }
    let tile = tile(rows: rows.count, columns: tensor.rowWeights)
    var span = unsafe MutableSpan(
      _unsafeStart: tile.base, count: rows.count * tensor.rowWeights)
    try reader?.readRows(rows, into: &span)
    try FiniteWeights.check(
      span.span, of: tensor, from: rows.lowerBound * tensor.rowWeights, file: context.model.path)
    if let other = context.substitution, other.concerns(tensor.name, matrix: matrix) {
      other.apply(to: tile, matrix: matrix, using: &blocks)
    }
    return tile
  }
}
