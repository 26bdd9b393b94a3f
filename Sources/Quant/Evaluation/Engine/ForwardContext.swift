// SPDX-License-Identifier: MIT
internal import BlockFormats
package import GGUF
package import QuantModels

/// What all steps of a forward pass share: the file, the threads, and the way to multiply.
package final class ForwardContext: Sendable {
  let model: any ModelSource
  package let workers: Workers
  let mode: ComputeMode
  let epsilon: Float
  /// How the states of the model are laid out.
  package let layout: StateLayout
  /// Told of every product's input; `nil` if nobody wants to know.
  let observer: (any ForwardObserver)?
  /// Tokens of a window: rows come in whole windows, but for those of experts.
  package let windowLength: Int
  /// Weights that are taken in another type than the file's.
  let substitution: WeightSubstitution?
  /// A product's input in 16-bit parts. One product runs at a time.
  let inputHalves = HalfMatrix()

  /// Puts together what steps share.
  package convenience init(
    model: any ModelSource, _ graph: ModelGraph, workers: Workers, mode: ComputeMode,
    windowLength: Int, observer: (any ForwardObserver)? = nil
  ) {
    self.init(
      model: model, workers: workers, mode: mode, epsilon: graph.epsilon,
      layout: StateLayout(graph), windowLength: windowLength, observer: observer,
      substitution: nil)
  }

  /// Puts together what products need, without a model's layers.
  package convenience init(
    model: any ModelSource, workers: Workers, mode: ComputeMode, windowLength: Int
  ) {
    self.init(
      model: model, workers: workers, mode: mode, epsilon: 0,
      layout: StateLayout(width: 0, streams: 1), windowLength: windowLength, observer: nil,
      substitution: nil)
  }

  private init(
    model: any ModelSource, workers: Workers, mode: ComputeMode, epsilon: Float,
    layout: StateLayout, windowLength: Int, observer: (any ForwardObserver)?,
    substitution: WeightSubstitution?
  ) {
    self.model = model
    self.workers = workers
    self.mode = mode
    self.epsilon = epsilon
    self.layout = layout
    self.observer = observer
    self.windowLength = windowLength
    self.substitution = substitution
  }

  /// The same, with some weights in another type.
  package func substituting(_ substitution: WeightSubstitution) -> ForwardContext {
    ForwardContext(
      model: model, workers: workers, mode: mode, epsilon: epsilon, layout: layout,
      windowLength: windowLength, observer: nil, substitution: substitution)
  }

  /// The rows of each window, of rows that are whole windows.
  package func windows(of rows: Int) -> [Range<Int>] {
    stride(from: 0, to: rows, by: windowLength).map { $0..<min($0 + windowLength, rows) }
  }

  /// Reads a whole small tensor.
  func vector(_ tensor: TensorInfo) throws(QuantError) -> [Float] {
    var numbers = [Float](repeating: 0, count: tensor.weightCount)
    var reader = try TensorReader(model: model, tensor: tensor)
    var span = numbers.mutableSpan
    try reader.readWeights(0..<tensor.weightCount, into: &span)
    try FiniteWeights.check(span.span, of: tensor, from: 0, file: model.path)
    return numbers
  }

  func vector(_ tensor: TensorInfo?) throws(QuantError) -> [Float]? {
    guard let tensor else { return nil }
    let numbers: [Float] = try vector(tensor)
    return numbers
  }

  /// Norms rows; `target` may be `source`.
  package func normalize(_ source: Matrix, by norm: Norm, into target: Matrix) throws(QuantError) {
    let (weight, bias) = (try vector(norm.weight), try vector(norm.bias))
    try normalize(source, by: norm, weight, bias, into: target)
  }

  /// Norms rows by one of the parts, as wide as they are, that a norm's factors and summands consist of.
  func normalize(
    _ source: Matrix, by norm: Norm, part: Int, into target: Matrix
  ) throws(QuantError) {
    let columns = part * source.columns..<(part + 1) * source.columns
    let weight = try vector(norm.weight).map { Array($0[columns]) }
    let bias = try vector(norm.bias).map { Array($0[columns]) }
    try normalize(source, by: norm, weight, bias, into: target)
  }

  private func normalize(
    _ source: Matrix, by norm: Norm, _ weight: [Float]?, _ bias: [Float]?, into target: Matrix
  ) throws(QuantError) {
    precondition((weight?.count ?? source.columns) == source.columns)
    let (epsilon, isCentered) = (norm.epsilon ?? epsilon, norm.isCentered)
    try workers.forRanges(source.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      unsafe weight.withPointer { weight in
        unsafe bias.withPointer { bias in
          unsafe KernelTable.current.layers.normalize(
            source.rows(rows).floatRows, target.rows(rows).floatRows, rows: rows.count,
            columns: source.columns, weight: weight, bias: bias, epsilon: epsilon,
            isCentered: isCentered)
        }
      }
    }
  }

  /// Adds one number a column to every row.
  func add(_ bias: [Float], to target: Matrix) throws(QuantError) {
    precondition(bias.count == target.columns)
    try workers.forRanges(target.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      unsafe Optional(bias).withPointer { bias in
        guard let bias = unsafe bias else { return }
        unsafe KernelTable.current.layers.add(
          target.rows(rows).floatRows, rows: rows.count, columns: target.columns, bias: bias)
      }
    }
  }

  /// Adds a matrix, times a factor.
  package func add(_ source: Matrix, times factor: Float, to target: Matrix) throws(QuantError) {
    precondition(source.rows == target.rows && source.columns == target.columns)
    try workers.forRanges(target.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      for row in rows {
        unsafe KernelTable.current.layers.addScaledRow(
          source.base + row * source.stride, target.base + row * target.stride,
          count: target.columns, factor: factor)
      }
    }
  }

  /// Multiplies every row by one number a column.
  func multiply(_ target: Matrix, by factors: [Float]) throws(QuantError) {
    precondition(factors.count == target.columns)
    try workers.forRanges(target.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      for row in rows {
        target.withMutableRow(row) { span in
          for column in span.indices { span[column] *= factors[column] }
        }
      }
    }
  }

  /// Multiplies all rows by a factor.
  func scale(_ target: Matrix, by factor: Float) throws(QuantError) {
    guard factor != 1 else { return }
    try workers.forRanges(target.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      for row in rows {
        unsafe KernelTable.current.layers.scale(
          target.base + row * target.stride, count: target.columns, factor: factor)
      }
    }
  }

  /// activation(gate) · up.
  func gate(
    _ gate: Matrix, _ up: Matrix, _ activation: GateActivation, into target: Matrix
  ) throws(QuantError) {
    try workers.forRanges(gate.rows, atLeast: 4) { (rows, _) throws(QuantError) in
      KernelTable.current.layers.gate(
        gate.rows(rows).floatRows, up.rows(rows).floatRows, target.rows(rows).floatRows,
        rows: rows.count, columns: gate.columns, activation: activation)
    }
  }

  /// Takes the mean and so many standard deviations off each row's numbers; those below zero become zero.
  func sparsify(_ target: Matrix, by deviations: Float) throws(QuantError) {
    try workers.forRanges(target.rows, atLeast: 4) { (rows, _) throws(QuantError) in
      KernelTable.current.layers.sparsify(
        target.rows(rows).floatRows, rows: rows.count, columns: target.columns,
        deviations: deviations)
    }
  }

  /// activation(source); `target` may be `source`.
  func activate(
    _ source: Matrix, _ activation: GateActivation, into target: Matrix
  ) throws(QuantError) {
    try workers.forRanges(source.rows, atLeast: 4) { (rows, _) throws(QuantError) in
      KernelTable.current.layers.activate(
        source.rows(rows).floatRows, target.rows(rows).floatRows, rows: rows.count,
        columns: source.columns, activation: activation)
    }
  }
}

extension Activation {
  /// The kernel's.
  var kernel: GateActivation {
    switch self {
    case .silu: .silu
    case .gelu: .gelu
    case .reluSquared: .reluSquared
    case .relu: .relu
    case .clampedSwish: .clampedSwish
    case .siluOfClamped(let limit): .siluOfClamped(limit: limit)
    case .clampedSilu(let limit): .clampedSilu(limit: limit)
    case .situ(let beta, let linearBeta): .situ(beta: beta, linearBeta: linearBeta)
    case .xielu(let positive, let negative, let beta, let epsilon):
      .xielu(positive: positive, negative: negative, beta: beta, epsilon: epsilon)
    }
  }
}

extension Optional where Wrapped == [Float] {
  /// Lends the numbers as kernels take them; `nil` for none.
  @unsafe func withPointer(_ body: (UnsafePointer<Float>?) -> Void) {
    guard let self else { return body(nil) }
    unsafe self.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
  }
}

/// Somebody who wants to know what goes into the products: importance matrices, router statistics.
package protocol ForwardObserver: AnyObject, Sendable {
  /// Called with every product's input.
  ///
  /// - Parameters:
  ///   - tensor: The matrices.
  ///   - matrix: Which of them: 0, or the expert.
  ///   - input: The rows that go in.
  ///   - windows: Which of them are tokens of one window of text each.
  ///   - workers: Threads to work with.
  /// - Throws: What ends the evaluation.
  func observe(
    _ tensor: TensorInfo, matrix: Int, input: Matrix, windows: [Range<Int>], workers: Workers
  ) throws(QuantError)

  /// Called with the experts chosen in a layer.
  func observe(_ routing: Routing, layer: Int)
}
