// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Makes a step's input of several streams, and joins its output with them, with weights that depend on
/// the token.
struct HyperConnectionPass {
  private let graph: HyperConnection
  private let context: ForwardContext
  private var streams: Int { context.layout.streams }
  private var width: Int { context.layout.width }

  init(_ graph: HyperConnection, in context: ForwardContext) {
    self.graph = graph
    self.context = context
  }

  /// The input, and the weights of what is joined: one a stream for the output, then the mixing matrix.
  func connect(_ states: Matrix) throws(QuantError) -> StepInput {
    let numbers = try self.numbers(states)
    let x = Matrix(rows: states.rows, columns: width)
    x.clear()
    let (streams, epsilon) = (streams, graph.epsilon)
    try context.workers.forRanges(states.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      for row in rows {
        let target = x.rows(row..<row + 1)
        for stream in 0..<streams {
          let weight = Self.sigmoid(numbers[row, stream]) + epsilon
          let source = context.layout.stream(stream, of: states.rows(row..<row + 1))
          unsafe KernelTable.current.layers.addScaledRow(
            source.base, target.base, count: width, factor: weight)
        }
        numbers.withMutableRow(row) { weights(&$0) }
      }
    }
    return StepInput(x: x, weights: numbers)
  }

  /// s m + b, for each token.
  private func numbers(_ states: Matrix) throws(QuantError) -> Matrix {
    let all = states.columns(0..<streams * width)
    let normed = Matrix(rows: all.rows, columns: all.columns)
    try context.normalize(all, by: Norm(weight: nil, bias: nil), into: normed)
    let numbers = Matrix(rows: all.rows, columns: graph.function.outputs)
    try LinearProduct(graph.function, in: context).run(normed, into: numbers)
    let (base, scale): ([Float], [Float]) =
      (try context.vector(graph.base), try context.vector(graph.scale))
    for row in 0..<numbers.rows {
      numbers.withMutableRow(row) { span in
        for index in span.indices {
          let part = min(index / streams, scale.count - 1)
          span[index] = span[index] * scale[part] + base[index]
        }
      }
    }
    return numbers
  }

  /// Turns a token's numbers behind those of the input into weights.
  private func weights(_ row: inout MutableSpan<Float>) {
    switch graph.join {
    case .nothing: break
    case .adding(let magnitude):
      for index in streams..<2 * streams {
        row[index] = magnitude * Self.sigmoid(row[index]) + graph.epsilon
      }
    case .mixing(let iterations):
      for index in streams..<2 * streams { row[index] = 2 * Self.sigmoid(row[index]) }
      balance(&row, iterations)
    }
  }

  /// Makes rows and columns of the mixing matrix add up to one, by turns (Sinkhorn and Knopp, 1967).
  private func balance(_ row: inout MutableSpan<Float>, _ iterations: Int) {
    let (streams, first, epsilon) = (streams, 2 * streams, graph.epsilon)
    func divide(_ starts: [Int], step: Int, by sum: (Float) -> Float) {
      for start in starts {
        let places = (0..<streams).map { start + $0 * step }
        let divisor = sum(places.reduce(0) { $0 + row[$1] })
        for place in places { row[place] /= divisor }
      }
    }
    let sources = (0..<streams).map { first + $0 * streams }
    let targets = (0..<streams).map { first + $0 }
    for source in sources {
      let peak = (source..<source + streams).reduce(-Float.infinity) { max($0, row[$1]) }
      for place in source..<source + streams { row[place] = exp(row[place] - peak) }
    }
    divide(sources, step: 1) { $0 }
    for place in first..<first + streams * streams { row[place] += epsilon }
    divide(targets, step: streams) { $0 + epsilon }
    for _ in 1..<max(1, iterations) {
      divide(sources, step: 1) { $0 + epsilon }
      divide(targets, step: streams) { $0 + epsilon }
    }
  }

  /// Joins a step's output with the streams, in place.
  func join(_ y: Matrix, _ input: StepInput, to states: Matrix) throws(QuantError) {
    guard let weights = input.weights else { return }
    let (streams, width) = (streams, width)
    try context.workers.forRanges(states.rows, atLeast: 8) { (rows, slot) throws(QuantError) in
      for row in rows {
        let state = states.rows(row..<row + 1)
        if case .mixing = graph.join { mix(state, weights.rows(row..<row + 1), slot) }
        for stream in 0..<streams {
          unsafe KernelTable.current.layers.addScaledRow(
            y.base + row * y.stride, context.layout.stream(stream, of: state).base, count: width,
            factor: weights[row, streams + stream])
        }
      }
    }
  }

  /// The streams of a token, mixed.
  private func mix(_ state: Matrix, _ weights: Matrix, _ slot: WorkerSlot) {
    let before = slot.spare(rows: 1, columns: streams * width)
    before.copy(from: state.columns(0..<streams * width))
    state.columns(0..<streams * width).clear()
    for source in 0..<streams {
      for target in 0..<streams {
        unsafe KernelTable.current.layers.addScaledRow(
          before.base + source * width, state.base + target * width, count: width,
          factor: weights[0, 2 * streams + source * streams + target])
      }
    }
  }

  private static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
}
