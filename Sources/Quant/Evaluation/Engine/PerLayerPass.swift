// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels

/// Computes `PerLayerGraph`.
struct PerLayerPass: BlockPass {
  private let context: ForwardContext
  private let graph: PerLayerGraph

  init(_ graph: PerLayerGraph, positions: Range<Int>, in context: ForwardContext) throws(QuantError)
  {
    self.context = context
    self.graph = graph
  }

  /// Numbers a row that a pass needs beside its input and output.
  static func scratchColumns(_ graph: PerLayerGraph) -> Int { 3 * graph.input.width }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let gate = Matrix(rows: y.rows, columns: graph.gate.outputs)
    try LinearProduct(graph.gate, in: context).run(input.h, into: gate)
    try context.gate(gate, try ownInput(input.states), .gelu, into: gate)
    try LinearProduct(graph.output, in: context).run(gate, into: y)
  }

  /// The layer's own input for each token.
  private func ownInput(_ states: Matrix) throws(QuantError) -> Matrix {
    let own = graph.input
    let e = Matrix(rows: states.rows, columns: own.width)
    var product = LinearProduct(own.product, matrix: own.part, in: context)
    // It is no layer's tensor: who gathers by tensor would take its part for the whole.
    product.isObserved = false
    try product.run(context.layout.carried(own.start, of: states), into: e)
    try context.scale(e, by: own.productScale)
    try context.normalize(e, by: own.norm, into: e)
    try addRows(of: context.layout.carried(own.token, of: states), to: e)
    try context.scale(e, by: own.sumScale)
    return e
  }

  /// Adds the layer's part of each token's row. Texts repeat tokens: each is read once for every
  /// range of rows.
  private func addRows(of tokens: Matrix, to e: Matrix) throws(QuantError) {
    let (own, model) = (graph.input, context.model)
    try context.workers.forRanges(e.rows, atLeast: 64) { (rows, _) throws(QuantError) in
      var reader = try TensorReader(model: model, tensor: own.rows)
      let block = reader.format.layout.weightsPerBlock
      let order = rows.sorted { tokens[$0, 0] < tokens[$1, 0] }
      var (last, numbers) = (-1, [Float]())
      for row in order {
        let token = Int(tokens[row, 0])
        let first = token * own.rows.rowWeights + own.part * own.width
        let start = first / block * block
        if token != last {
          let end = (first + own.width).roundedUp(to: block)
          numbers = Array(repeating: 0, count: end - start)
          var span = numbers.mutableSpan
          try reader.readWeights(start..<end, into: &span)
          try FiniteWeights.check(span.span, of: own.rows, from: start, file: model.path)
          last = token
        }
        e.withMutableRow(row) { sums in
          for column in sums.indices {
            sums[column] += own.rowScale * numbers[first - start + column]
          }
        }
      }
    }
  }
}
