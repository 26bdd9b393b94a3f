// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// The time mixing of RWKV, over whole windows: no window sees another.
struct TimeMixPass: BlockPass {
  let graph: TimeMixGraph
  let context: ForwardContext
  private let length: Int
  /// One row for each input.
  private let shares: [[Float]]

  init(_ graph: TimeMixGraph, positions: Range<Int>, in context: ForwardContext) throws(QuantError)
  {
    self.graph = graph
    self.context = context
    length = positions.count
    let width = graph.receptance.inputs
    var rows: [[Float]] = []
    for tensor in graph.shares {
      let all: [Float] = try context.vector(tensor)
      rows += stride(from: 0, to: all.count, by: width).map { Array(all[$0..<$0 + width]) }
    }
    shares = rows
  }

  static func scratchColumns(_ graph: TimeMixGraph) -> Int { 14 * graph.receptance.inputs }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let shifted = ShiftedRows(input.h, length: length, context)
    let values =
      switch graph.version {
      case .sixth(let sixth): try run(sixth, input.h, shifted)
      case .seventh(let seventh): try run(seventh, input, shifted)
      }
    try LinearProduct(graph.output, in: context).run(values, into: y)
  }

  /// Scans all heads of all windows.
  private func scan(_ inputs: DecayInputs) throws(QuantError) -> Matrix {
    let (heads, size) = (graph.value.outputs / graph.headSize, graph.headSize)
    let values = Matrix(rows: inputs.values.rows, columns: inputs.values.columns)
    try context.workers.forEach(values.rows / length * heads) { (task, slot) throws(QuantError) in
      let window = task / heads * length..<(task / heads + 1) * length
      let head = task % heads * size..<(task % heads + 1) * size
      let scan = DecayScan(inputs.columns(head), size: size)
      for start in stride(from: window.lowerBound, to: window.upperBound, by: DecayScan.chunk) {
        let rows = start..<min(start + DecayScan.chunk, window.upperBound)
        try scan.run(rows, into: values.rows(rows).columns(head), slot)
      }
    }
    return values
  }

  /// Norms what each head gives.
  private func norm(_ values: Matrix) throws(QuantError) {
    try context.normalizeGroups(
      values, size: graph.headSize, weight: try context.vector(graph.norm.weight),
      bias: try context.vector(graph.norm.bias), epsilon: graph.norm.epsilon ?? context.epsilon,
      isCentered: graph.norm.isCentered)
  }
}

extension TimeMixPass {
  /// RWKV 6.
  private func run(
    _ sixth: TimeMixGraph.Sixth, _ h: Matrix, _ shifted: ShiftedRows
  ) throws(QuantError) -> Matrix {
    let base = try shifted.mixed(try context.vector(sixth.share))
    let narrow = try context.product(sixth.narrow, of: base)
    try context.activate(narrow, .hyperbolicTangent, into: narrow)
    let rank = sixth.wide.inputs
    func input(_ part: Int) throws(QuantError) -> Matrix {
      let more = try context.product(
        sixth.wide, matrix: part, of: narrow.columns(part * rank..<(part + 1) * rank))
      return try shifted.mixed(shares[part], more: more)
    }
    let decays = try context.product(
      sixth.decay, of: try input(0), inner: .hyperbolicTangent, outer: .decay)
    let keys = try context.product(graph.key, of: try input(1))
    let values = try context.product(graph.value, of: try input(2))
    let queries = try context.product(graph.receptance, of: try input(3))
    let gate = try context.product(sixth.gate, of: try input(4))
    let found = try scan(
      DecayInputs(
        queries: queries, keys: keys, values: values, decays: decays,
        bonus: try context.vector(sixth.bonus)))
    try norm(found)
    try context.gate(gate, found, .silu, into: found)
    return found
  }

  /// RWKV 7.
  private func run(
    _ seventh: TimeMixGraph.Seventh, _ input: BlockInput, _ shifted: ShiftedRows
  ) throws(QuantError) -> Matrix {
    let queries = try context.product(graph.receptance, of: try shifted.mixed(shares[0]))
    let decays = try context.product(
      seventh.decay, of: try shifted.mixed(shares[1]), inner: .hyperbolicTangent,
      outer: .boundedDecay(rate: 0.606_531))
    let keys = try context.product(graph.key, of: try shifted.mixed(shares[2]))
    let values = try values(seventh, input, try shifted.mixed(shares[3]))
    let rates = try context.product(seventh.rate, of: try shifted.mixed(shares[4]), outer: .sigmoid)
    let removals = try splitKeys(keys, rates, seventh)
    let found = try scan(
      DecayInputs(
        queries: queries, keys: keys, values: values, decays: decays, removals: removals,
        additions: rates))
    try norm(found)
    try addOwn(values, keys, queries, seventh, to: found)
    if let gate = seventh.gate {
      let factors = try context.product(gate, of: try shifted.mixed(shares[5]), inner: .sigmoid)
      try context.multiply(found, by: factors)
    }
    return found
  }

  /// Values, which take a part of those of the first layer.
  private func values(
    _ seventh: TimeMixGraph.Seventh, _ input: BlockInput, _ x: Matrix
  ) throws(QuantError) -> Matrix {
    let values = try context.product(graph.value, of: x)
    let kept = context.layout.carried(seventh.firstValues, of: input.states)
    guard let value = seventh.value else {
      if input.keeps { kept.copy(from: values) }
      return values
    }
    let shares = try context.product(value, of: x, outer: .sigmoid)
    let difference = kept.copied()
    try context.add(values, times: -1, to: difference)
    try context.multiply(difference, by: shares)
    try context.add(difference, times: 1, to: values)
    return values
  }

  /// What is taken off the states; keys and rates become what is added.
  private func splitKeys(
    _ keys: Matrix, _ rates: Matrix, _ seventh: TimeMixGraph.Seventh
  ) throws(QuantError) -> Matrix {
    let removals = Matrix(rows: keys.rows, columns: keys.columns)
    let keyScale: [Float]? = try context.vector(seventh.keyScale)
    let rateScale: [Float]? = try context.vector(seventh.rateScale)
    let size = graph.headSize
    try context.workers.forRanges(keys.rows, atLeast: 4) { (rows, _) throws(QuantError) in
      unsafe keyScale.withPointer { keyScale in
        unsafe rateScale.withPointer { rateScale in
          guard let keyScale = unsafe keyScale, let rateScale = unsafe rateScale else { return }
          unsafe KernelTable.current.layers.splitKeys(
            keys.rows(rows).floatRows, rates: rates.rows(rows).floatRows,
            removals: removals.rows(rows).floatRows, rows: rows.count, heads: keys.columns / size,
            size: size, keyScale: keyScale, rateScale: rateScale)
        }
      }
    }
    return removals
  }

  /// Adds what tokens take of their own values.
  private func addOwn(
    _ values: Matrix, _ keys: Matrix, _ queries: Matrix, _ seventh: TimeMixGraph.Seventh,
    to target: Matrix
  ) throws(QuantError) {
    let factors: [Float]? = try context.vector(seventh.own)
    let size = graph.headSize
    try context.workers.forRanges(keys.rows, atLeast: 4) { (rows, _) throws(QuantError) in
      unsafe factors.withPointer { factors in
        guard let factors = unsafe factors else { return }
        unsafe KernelTable.current.layers.addOwnValues(
          values.rows(rows).floatRows, keys: keys.rows(rows).floatRows,
          queries: queries.rows(rows).floatRows, to: target.rows(rows).floatRows,
          rows: rows.count, heads: keys.columns / size, size: size, factors: factors)
      }
    }
  }
}
