// SPDX-License-Identifier: MIT
internal import BlockFormats
package import QuantModels

/// A delta rule with decay over whole windows: no window sees another, and each begins with states of
/// zero.
package struct DeltaNetPass: BlockPass {
  let context: ForwardContext
  let graph: DeltaNetGraph
  private let convolutions: [ConvolutionPass]
  /// Tokens of a window.
  private let length: Int
  private let rule: DeltaRule
  /// Summands and factors of decays, one a column.
  private let biases: [Float]
  private let factors: [Float]

  package init(_ graph: DeltaNetGraph, positions: Range<Int>, in context: ForwardContext)
    throws(QuantError)
  {
    self.context = context
    self.graph = graph
    length = positions.count
    convolutions = try graph.convolutions.map { part throws(QuantError) in
      try ConvolutionPass(part, in: context)
    }
    rule = try DeltaRule(graph, in: context)
    biases = try context.vector(graph.decay.bias)
    let heads: [Float] = try context.vector(graph.decay.factors)
    let (sign, count) = (Float(graph.decay.isNegated ? -1 : 1), graph.decayColumns / heads.count)
    factors = heads.flatMap { Array(repeating: sign * $0, count: count) }
  }

  /// Numbers a row that a pass needs beside its input and output.
  static func scratchColumns(_ graph: DeltaNetGraph) -> Int {
    let (keys, values) = (graph.keyHeads * graph.keySize, graph.valueHeads * graph.valueSize)
    let controls = 2 * graph.decayColumns + 2 * graph.valueHeads
    return 3 * (2 * keys + 2 * values) + controls
  }

  package func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let made = try DeltaInputs(input.h, self)
    try context.activate(made.steps, .sigmoid, into: made.steps)
    try makeDecays(made.decays)
    let heads = graph.valueHeads
    try context.workers.forEach(y.rows / length * heads) { (task, slot) throws(QuantError) in
      let window = task / heads * length..<(task / heads + 1) * length
      try rule.run(DeltaHead(made, graph, window: window, head: task % heads), slot)
    }
    try gate(made, input.h)
    try LinearProduct(graph.output, in: context).run(made.values, into: y)
  }

  /// Multiplies answers by their gates.
  private func gate(_ made: DeltaInputs, _ x: Matrix) throws(QuantError) {
    let own = try graph.gate.product.map { part throws(QuantError) in
      try product(part, x, graph.valueColumns)
    }
    guard let gates = own ?? made.gates else { return }
    let function: GateActivation =
      switch graph.gate.function {
      case .silu: .silu
      case .sigmoid: .sigmoid
      }
    try context.gate(gates, made.values, function, into: made.values)
  }

  /// Turns what products give into logarithms of what is left of states.
  private func makeDecays(_ x: Matrix) throws(QuantError) {
    let bound = graph.decay.bound
    try context.workers.forRanges(x.rows, atLeast: 8) { (rows, _) throws(QuantError) in
      unsafe Optional(biases).withPointer { biases in
        unsafe Optional(factors).withPointer { factors in
          guard let biases = unsafe biases, let factors = unsafe factors else { return }
          unsafe KernelTable.current.layers.makeDecays(
            x.rows(rows).floatRows, rows: rows.count, columns: x.columns, bias: biases,
            factors: factors, bound: bound)
        }
      }
    }
  }

  /// What a convolution makes of some rows.
  func convolve(_ x: Matrix, _ index: Int) throws(QuantError) -> Matrix {
    let y = Matrix(rows: x.rows, columns: x.columns)
    try convolutions[index].run(x, length: length, hasSilu: true, into: y)
    return y
  }

  /// One product, or two.
  func product(
    _ product: DeltaNetGraph.Product, _ x: Matrix, _ columns: Int
  ) throws(QuantError) -> Matrix {
    let y = Matrix(rows: x.rows, columns: columns)
    switch product {
    case .direct(let linear):
      try LinearProduct(linear, in: context).run(x, into: y)
    case .narrow(let down, let up):
      let narrow = Matrix(rows: x.rows, columns: down.outputs)
      try LinearProduct(down, in: context).run(x, into: narrow)
      try LinearProduct(up, in: context).run(narrow, into: y)
    }
    return y
  }
}

extension DeltaNetGraph {
  /// Numbers of all queries or all keys of a token.
  var keyColumns: Int { keyHeads * keySize }
  /// Numbers of all values of a token.
  var valueColumns: Int { valueHeads * valueSize }
  /// Numbers that say how states decay.
  var decayColumns: Int { decay.isPerEntry ? valueHeads * keySize : valueHeads }

  /// The key head that a value head belongs to.
  func keyHead(of head: Int) -> Int {
    sharesConsecutively ? head / (valueHeads / keyHeads) : head % keyHeads
  }

  fileprivate var convolutions: [ConvolutionGraph] {
    switch input {
    case .fused(_, let convolution), .grouped(_, let convolution): [convolution]
    case .separate(let query, let key, let value): [query, key, value].map(\.convolution)
    }
  }
}
