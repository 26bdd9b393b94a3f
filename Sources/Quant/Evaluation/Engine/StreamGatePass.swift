// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// Makes a step's input of several streams by gates for every number, and adds its output to all of them.
struct StreamGatePass {
  private let graph: StreamGate
  private let context: ForwardContext
  private var streams: Int { context.layout.streams }
  private var width: Int { context.layout.width }

  init(_ graph: StreamGate, in context: ForwardContext) {
    self.graph = graph
    self.context = context
  }

  /// The input, and a weight for each stream.
  func connect(_ states: Matrix) throws(QuantError) -> StepInput {
    let normed = try self.normed(states)
    let weights = try graph.inject.map { inject throws(QuantError) in
      let weights = Matrix(rows: normed.rows, columns: streams)
      try LinearProduct(inject, in: context).run(normed, into: weights)
      try context.scale(weights, by: 1 / Float(streams))
      try context.activate(weights, .sigmoid, into: weights)
      try context.scale(weights, by: 2)
      return weights
    }
    let low = Matrix(rows: normed.rows, columns: graph.down.outputs)
    try LinearProduct(graph.down, in: context).run(normed, into: low)
    try context.scale(low, by: 1 / Float(streams))
    try context.activate(low, .silu, into: low)
    let gates = Matrix(rows: normed.rows, columns: streams * width)
    try LinearProduct(graph.up, in: context).run(low, into: gates)
    try context.gate(gates, normed, .sigmoid, into: normed)
    return StepInput(x: try mean(of: normed), weights: weights)
  }

  /// Each stream, normed by itself.
  private func normed(_ states: Matrix) throws(QuantError) -> Matrix {
    let normed = states.columns(0..<streams * width).copied()
    let factors: [Float] = try context.vector(graph.norm)
    try context.normalizeGroups(normed, size: width, weight: factors, epsilon: context.epsilon)
    return normed
  }

  private func mean(of rows: Matrix) throws(QuantError) -> Matrix {
    let x = context.layout.stream(of: rows).copied()
    for stream in 1..<max(1, streams) {
      try context.add(context.layout.stream(stream, of: rows), times: 1, to: x)
    }
    try context.scale(x, by: 1 / Float(streams))
    return x
  }

  /// Adds a step's output to the streams.
  func join(_ y: Matrix, _ input: StepInput, to states: Matrix) throws(QuantError) {
    guard let weights = input.weights else { return }
    let (streams, width) = (streams, width)
    try context.workers.forRanges(states.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      for row in rows {
        for stream in 0..<streams {
          let target = context.layout.stream(stream, of: states.rows(row..<row + 1))
          unsafe KernelTable.current.layers.addScaledRow(
            y.base + row * y.stride, target.base, count: width, factor: weights[row, stream])
        }
      }
    }
  }
}
