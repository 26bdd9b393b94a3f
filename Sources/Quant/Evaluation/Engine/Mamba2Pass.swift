// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// The scan of Mamba 2, over whole windows: no window sees another.
///
/// Within a chunk of tokens, what each takes of the others is a matrix of scores, as in attention, with the
/// decay between the two tokens as a factor; what came before the chunk is in the states.
struct Mamba2Pass: BlockPass {
  private let graph: Mamba2Graph
  private let length: Int
  private let context: ForwardContext
  private let convolution: ConvolutionPass
  private let rates: [Float]
  private let skips: [Float]
  private let stepBias: [Float]
  private let norm: [Float]?

  init(_ graph: Mamba2Graph, positions: Range<Int>, in context: ForwardContext) throws(QuantError) {
    self.graph = graph
    self.context = context
    length = positions.count
    convolution = try ConvolutionPass(graph.convolution, in: context)
    rates = try context.vector(graph.rates)
    skips = try context.vector(graph.skips)
    stepBias = try context.vector(graph.stepBias)
    norm = try context.vector(graph.norm)
  }

  /// Tokens of a chunk.
  private static let chunk = 64

  static func scratchColumns(_ graph: Mamba2Graph) -> Int {
    graph.input.outputs + graph.convolution.channels + graph.heads + graph.groups * chunk
      + graph.inner
  }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let (inner, mixed) = (graph.inner, graph.convolution.channels)
    let all = Matrix(rows: y.rows, columns: graph.input.outputs)
    try LinearProduct(graph.input, in: context).run(input.h, into: all)
    let channels = Matrix(rows: y.rows, columns: mixed)
    try convolution.run(
      all.columns(inner..<inner + mixed), length: length, hasSilu: true, into: channels)
    let steps = all.columns(inner + mixed..<all.columns)
    try context.add(stepBias, to: steps)
    try context.activate(steps, .softplus, into: steps)
    let values = Matrix(rows: y.rows, columns: inner)
    try scan(try ScanInputs(channels, steps, graph, rates, context), into: values)
    try context.gate(all.columns(0..<inner), values, .silu, into: values)
    if let norm {
      try context.normalizeGroups(
        values, size: inner / graph.groups, weight: norm, epsilon: context.epsilon)
    }
    try LinearProduct(graph.output, in: context).run(values, into: y)
  }

  private func scan(_ inputs: ScanInputs, into y: Matrix) throws(QuantError) {
    let scores = try scores(inputs)
    try context.workers.forEach(y.rows / length * graph.heads) { (task, slot) throws(QuantError) in
      let (window, head) = (task / graph.heads, task % graph.heads)
      let size = graph.inner / graph.heads
      let group = head / (graph.heads / graph.groups)
      var scan = HeadScan(
        inputs: inputs, scores: scores.columns(group * Self.chunk..<(group + 1) * Self.chunk),
        group: group, head: head, size: size, chunk: min(Self.chunk, length), skip: skips[head])
      let columns = head * size..<(head + 1) * size
      for rows in chunks(of: window) {
        try scan.run(rows, into: y.rows(rows).columns(columns), slot)
      }
    }
  }

  /// The rows of a window's chunks.
  private func chunks(of window: Int) -> [Range<Int>] {
    stride(from: 0, to: length, by: Self.chunk).map {
      window * length + $0..<window * length + min($0 + Self.chunk, length)
    }
  }

  /// What each token's outputs and each token's inputs of the same chunk have in common: a row a token, for
  /// each group a column a token of the chunk.
  private func scores(_ inputs: ScanInputs) throws(QuantError) -> Matrix {
    let scores = Matrix(rows: inputs.x.rows, columns: graph.groups * Self.chunk)
    let all = (0..<inputs.x.rows / length).flatMap { chunks(of: $0) }
    try context.workers.forEach(all.count * graph.groups) { (task, slot) throws(QuantError) in
      let (rows, group) = (all[task / graph.groups], task % graph.groups)
      let start = group * Self.chunk
      try slot.products.multiply(
        inputs.output(group).rows(rows), inputs.input(group).rows(rows), transposed: true,
        into: scores.rows(rows).columns(start..<start + rows.count))
    }
    return scores
  }
}

/// What the scan works on: a row a token.
private struct ScanInputs: Sendable {
  /// Heads beside each other.
  let x: Matrix
  /// A step for each head.
  let steps: Matrix
  /// What each head's states are multiplied with.
  let factors: Matrix
  private let inputs: Matrix
  private let outputs: Matrix
  private let states: Int

  init(
    _ channels: Matrix, _ steps: Matrix, _ graph: Mamba2Graph, _ rates: [Float],
    _ context: ForwardContext
  ) throws(QuantError) {
    let (inner, shared) = (graph.inner, graph.groups * graph.states)
    x = channels.columns(0..<inner)
    inputs = channels.columns(inner..<inner + shared)
    outputs = channels.columns(inner + shared..<inner + 2 * shared)
    states = graph.states
    self.steps = steps
    let factors = Matrix(rows: steps.rows, columns: steps.columns)
    try context.workers.forRanges(steps.rows, atLeast: 16) { (rows, _) throws(QuantError) in
      unsafe Optional(rates).withPointer { rates in
        guard let rates = unsafe rates else { return }
        unsafe KernelTable.current.layers.exponentials(
          steps.rows(rows).floatRows, rates: rates, factors.rows(rows).floatRows, rows: rows.count,
          columns: steps.columns)
      }
    }
    self.factors = factors
  }

  /// What goes into the states of a group.
  func input(_ group: Int) -> Matrix { inputs.columns(group * states..<(group + 1) * states) }

  /// What comes out of them.
  func output(_ group: Int) -> Matrix { outputs.columns(group * states..<(group + 1) * states) }
}

/// One head of one window, chunk by chunk.
private struct HeadScan {
  private let x: Matrix
  private let inputs: Matrix
  private let outputs: Matrix
  private let scores: Matrix
  private let factors: Matrix
  private let steps: Matrix
  private let skip: Float
  /// A row a state, a column a channel.
  private let states: Matrix
  private var isFirst = true
  /// Room for what each token takes of the others.
  private let weights: Matrix
  /// Room for a number for each channel of a token.
  private let part: Matrix
  /// Room for the numbers of each token: its factor, its step, what is left of it behind the chunk.
  private let numbers: Matrix

  init(
    inputs: ScanInputs, scores: Matrix, group: Int, head: Int, size: Int, chunk: Int, skip: Float
  ) {
    x = inputs.x.columns(head * size..<(head + 1) * size)
    self.inputs = inputs.input(group)
    outputs = inputs.output(group)
    self.scores = scores
    factors = inputs.factors.columns(head..<head + 1)
    steps = inputs.steps.columns(head..<head + 1)
    self.skip = skip
    states = Matrix(rows: self.inputs.columns, columns: size)
    states.clear()
    weights = Matrix(rows: chunk, columns: chunk)
    part = Matrix(rows: chunk, columns: size)
    numbers = Matrix(rows: 3, columns: chunk)
  }

  /// Computes a chunk, and takes the states behind it.
  mutating func run(_ rows: Range<Int>, into y: Matrix, _ slot: WorkerSlot) throws(QuantError) {
    let weights = decayedScores(rows)
    let x = x.rows(rows)
    try slot.products.multiply(weights, x, transposed: false, into: y)
    let part = part.rows(0..<rows.count)
    if !isFirst {
      try slot.products.multiply(outputs.rows(rows), states, transposed: false, into: part)
    }
    let kernels = KernelTable.current.layers
    var product: Float = 1
    for row in 0..<rows.count {
      product *= numbers[0, row]
      let target = unsafe y.base + row * y.stride
      if !isFirst {
        unsafe kernels.addScaledRow(
          part.base + row * part.stride, target, count: y.columns, factor: product)
      }
      unsafe kernels.addScaledRow(x.base + row * x.stride, target, count: y.columns, factor: skip)
    }
    try advance(rows, by: product, slot)
  }

  /// What each token takes of those before it, and of itself.
  private func decayedScores(_ rows: Range<Int>) -> Matrix {
    for (index, row) in rows.enumerated() {
      numbers[0, index] = factors[row, 0]
      numbers[1, index] = steps[row, 0]
    }
    let weights = weights.rows(0..<rows.count).columns(0..<rows.count)
    let base = unsafe numbers.base
    unsafe KernelTable.current.layers.decay(
      scores.rows(rows).floatRows, weights.floatRows, count: rows.count, factors: base,
      weights: base + numbers.stride, memory: base + 2 * numbers.stride)
    return weights
  }

  /// Takes the states from before the chunk behind it.
  private mutating func advance(
    _ rows: Range<Int>, by product: Float, _ slot: WorkerSlot
  ) throws(QuantError) {
    isFirst = false
    let (x, part) = (x.rows(rows), part.rows(0..<rows.count))
    part.copy(from: x)
    let kernels = KernelTable.current.layers
    for row in 0..<rows.count {
      unsafe kernels.scale(
        part.base + row * part.stride, count: part.columns, factor: numbers[2, row])
    }
    unsafe kernels.scale(states.base, count: states.rows * states.columns, factor: product)
    try slot.products.add(inputs.rows(rows), xIsTransposed: true, part, to: states)
  }
}
