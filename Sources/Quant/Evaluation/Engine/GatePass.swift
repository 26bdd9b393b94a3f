// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// Multiplies what heads give by their gates.
struct GatePass {
  private let gate: AttentionGate
  private let graph: AttentionGraph
  private let context: ForwardContext

  init(_ gate: AttentionGate, _ graph: AttentionGraph, _ pass: AttentionPass) {
    self.gate = gate
    self.graph = graph
    context = pass.context
  }

  /// Multiplies `values` by the gates of as many rows.
  func run(_ h: Matrix, _ made: AttentionInputs, into values: Matrix) throws(QuantError) {
    let numbers: Matrix
    switch gate.source {
    case .query:
      guard let gates = made.gates else { return }
      numbers = gates
    case .linear(let linear):
      numbers = Matrix(rows: h.rows, columns: linear.outputs)
      try LinearProduct(linear, in: context).run(h, into: numbers)
    }
    let activation: GateActivation =
      switch gate.function {
      case .sigmoid: .sigmoid
      case .softplus: .softplus
      }
    guard numbers.columns == graph.heads, graph.valueSize > 1 else {
      return try context.gate(numbers, values, activation, into: values)
    }
    try context.activate(numbers, activation, into: numbers)
    try scaleHeads(values, by: numbers)
  }

  /// Multiplies each head of a row by one number.
  private func scaleHeads(_ values: Matrix, by numbers: Matrix) throws(QuantError) {
    let (heads, size) = (graph.heads, graph.valueSize)
    try context.workers.forRanges(values.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      for row in rows {
        for head in 0..<heads {
          unsafe KernelTable.current.layers.scale(
            values.base + row * values.stride + head * size, count: size,
            factor: numbers[row, head])
        }
      }
    }
  }
}
