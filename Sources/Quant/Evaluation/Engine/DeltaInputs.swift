// SPDX-License-Identifier: MIT
internal import QuantModels

/// What a delta rule works on, of some rows: heads beside each other.
struct DeltaInputs: Sendable {
  /// Convolved.
  let queries: Matrix
  let keys: Matrix
  /// Values; their place takes what heads answer.
  let values: Matrix
  /// A number for each value head, as the product gives it.
  let steps: Matrix
  /// Likewise; or one for each entry of its key.
  let decays: Matrix
  /// Gates, where the product of the input gives them.
  var gates: Matrix?

  init(_ x: Matrix, _ pass: DeltaNetPass) throws(QuantError) {
    let (graph, context) = (pass.graph, pass.context)
    switch graph.input {
    case .fused(let linear, _):
      let all = Matrix(rows: x.rows, columns: linear.outputs)
      try LinearProduct(linear, in: context).run(x, into: all)
      (queries, keys, values) = Self.parts(of: try pass.convolve(all, 0), graph)
    case .grouped(let linear, _):
      let made = Matrix(rows: x.rows, columns: linear.outputs)
      try LinearProduct(linear, in: context).run(x, into: made)
      let all = Matrix(rows: x.rows, columns: 2 * graph.keyColumns + graph.valueColumns)
      let gates = Matrix(rows: x.rows, columns: graph.valueColumns)
      Self.ungroup(made, graph, into: all, gates)
      (queries, keys, values) = Self.parts(of: try pass.convolve(all, 0), graph)
      self.gates = gates
    case .separate(let query, let key, let value):
      var made: [Matrix] = []
      for (index, part) in [query, key, value].enumerated() {
        let y = Matrix(rows: x.rows, columns: part.linear.outputs)
        try LinearProduct(part.linear, in: context).run(x, into: y)
        made.append(try pass.convolve(y, index))
      }
      (queries, keys, values) = (made[0], made[1], made[2])
    }
    (steps, decays) = try Self.controls(x, pass)
  }

  private static func parts(
    of all: Matrix, _ graph: DeltaNetGraph
  ) -> (queries: Matrix, keys: Matrix, values: Matrix) {
    let keys = graph.keyColumns
    return (
      all.columns(0..<keys), all.columns(keys..<2 * keys), all.columns(2 * keys..<all.columns)
    )
  }

  /// Takes the parts of each key head to their places.
  private static func ungroup(
    _ made: Matrix, _ graph: DeltaNetGraph, into all: Matrix, _ gates: Matrix
  ) {
    let (size, heads, keys) = (graph.keySize, graph.keyHeads, graph.keyColumns)
    let share = graph.valueColumns / heads
    for head in 0..<heads {
      let part = made.columns(head * 2 * (size + share)..<(head + 1) * 2 * (size + share))
      let (own, values) = (head * size..<(head + 1) * size, head * share..<(head + 1) * share)
      all.columns(own).copy(from: part.columns(0..<size))
      all.columns(keys + own.lowerBound..<keys + own.upperBound)
        .copy(from: part.columns(size..<2 * size))
      all.columns(2 * keys + values.lowerBound..<2 * keys + values.upperBound)
        .copy(from: part.columns(2 * size..<2 * size + share))
      gates.columns(values).copy(from: part.columns(2 * size + share..<part.columns))
    }
  }

  private static func controls(
    _ x: Matrix, _ pass: DeltaNetPass
  ) throws(QuantError) -> (steps: Matrix, decays: Matrix) {
    let graph = pass.graph
    let steps = Matrix(rows: x.rows, columns: graph.valueHeads)
    switch graph.controls {
    case .separate(let step, let decay):
      try LinearProduct(step, in: pass.context).run(x, into: steps)
      return (steps, try pass.product(decay, x, graph.decayColumns))
    case .grouped(let linear):
      let made = Matrix(rows: x.rows, columns: linear.outputs)
      try LinearProduct(linear, in: pass.context).run(x, into: made)
      let decays = Matrix(rows: x.rows, columns: graph.valueHeads)
      let share = graph.valueHeads / graph.keyHeads
      for head in 0..<graph.keyHeads {
        let (own, first) = (head * share..<(head + 1) * share, 2 * head * share)
        steps.columns(own).copy(from: made.columns(first..<first + share))
        decays.columns(own).copy(from: made.columns(first + share..<first + 2 * share))
      }
      return (steps, decays)
    }
  }
}

/// What one value head of one window works on: a row a token.
struct DeltaHead {
  let queries: Matrix
  let keys: Matrix
  let values: Matrix
  let steps: Matrix
  let decays: Matrix

  init(_ made: DeltaInputs, _ graph: DeltaNetGraph, window: Range<Int>, head: Int) {
    let shared = graph.keyHead(of: head) * graph.keySize
    let decayed = graph.decayColumns / graph.valueHeads
    queries = made.queries.rows(window).columns(shared..<shared + graph.keySize)
    keys = made.keys.rows(window).columns(shared..<shared + graph.keySize)
    values = made.values.rows(window)
      .columns(head * graph.valueSize..<(head + 1) * graph.valueSize)
    steps = made.steps.rows(window).columns(head..<head + 1)
    decays = made.decays.rows(window).columns(head * decayed..<(head + 1) * decayed)
  }

  private init(queries: Matrix, keys: Matrix, values: Matrix, steps: Matrix, decays: Matrix) {
    self.queries = queries
    self.keys = keys
    self.values = values
    self.steps = steps
    self.decays = decays
  }

  /// Some of its tokens.
  func rows(_ range: Range<Int>) -> DeltaHead {
    DeltaHead(
      queries: queries.rows(range), keys: keys.rows(range), values: values.rows(range),
      steps: steps.rows(range), decays: decays.rows(range))
  }
}
