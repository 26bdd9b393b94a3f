// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// The selective scan of Mamba 1, over whole windows: no window sees another.
///
/// The states of a channel decay each at a rate of its own, so that no chunk of tokens becomes a matrix
/// product. Channels are independent: they are shared out among threads, and go 16 at a time.
struct MambaPass: BlockPass {
  private let graph: MambaGraph
  private let length: Int
  private let context: ForwardContext
  private let convolution: ConvolutionPass
  /// A row a state, a column a channel.
  private let rates: Matrix
  private let skips: [Float]

  init(_ graph: MambaGraph, positions: Range<Int>, in context: ForwardContext) throws(QuantError) {
    self.graph = graph
    self.context = context
    length = positions.count
    convolution = try ConvolutionPass(graph.convolution, in: context)
    rates = try context.matrix(graph.rates).transposed()
    skips = try context.vector(graph.skips)
  }

  static func scratchColumns(_ graph: MambaGraph) -> Int {
    graph.input.outputs + graph.parameters.outputs + 2 * graph.inner
  }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let inner = graph.inner
    let all = Matrix(rows: y.rows, columns: graph.input.outputs)
    try LinearProduct(graph.input, in: context).run(input.h, into: all)
    let x = Matrix(rows: y.rows, columns: inner)
    try convolution.run(all.columns(0..<inner), length: length, hasSilu: true, into: x)
    let made = try parameters(of: x)
    try scan(x, made)
    try context.gate(all.columns(inner..<2 * inner), x, .silu, into: x)
    try LinearProduct(graph.output, in: context).run(x, into: y)
  }

  /// What the scan depends on beside the channels themselves.
  private struct Parameters {
    /// A step for each channel.
    let steps: Matrix
    /// What goes into the states.
    let inputs: Matrix
    /// What comes out of them.
    let outputs: Matrix
  }

  private func parameters(of x: Matrix) throws(QuantError) -> Parameters {
    let (rank, states) = (graph.step.inputs, graph.states)
    let all = Matrix(rows: x.rows, columns: graph.parameters.outputs)
    try LinearProduct(graph.parameters, in: context).run(x, into: all)
    let narrow = all.columns(0..<rank)
    let inputs = all.columns(rank..<rank + states)
    let outputs = all.columns(rank + states..<rank + 2 * states)
    for (norm, part) in [
      (graph.stepNorm, narrow), (graph.inputNorm, inputs), (graph.outputNorm, outputs),
    ] {
      if let norm { try context.normalize(part, by: norm, into: part) }
    }
    let steps = Matrix(rows: x.rows, columns: graph.inner)
    try LinearProduct(graph.step, in: context).run(narrow, into: steps)
    try context.activate(steps, .softplus, into: steps)
    return Parameters(steps: steps, inputs: inputs, outputs: outputs)
  }

  /// Channels that a thread takes at once.
  private static let block = 64

  /// Scans the channels in place.
  private func scan(_ x: Matrix, _ made: Parameters) throws(QuantError) {
    let blocks = (graph.inner + Self.block - 1) / Self.block
    try context.workers.forEach(x.rows / length * blocks) { (task, slot) throws(QuantError) in
      let rows = task / blocks * length..<(task / blocks + 1) * length
      let first = task % blocks * Self.block
      let columns = first..<min(first + Self.block, graph.inner)
      let memory = slot.spare(rows: graph.states, columns: 16)
      let part = x.rows(rows).columns(columns)
      unsafe Optional(skips).withPointer { skips in
        guard let skips = unsafe skips else { return }
        unsafe KernelTable.current.layers.scan(
          part.floatRows, steps: made.steps.rows(rows).columns(columns).floatRows,
          inputs: made.inputs.rows(rows).floatRows, outputs: made.outputs.rows(rows).floatRows,
          into: part.floatRows, rows: length, channels: columns.count, states: graph.states,
          rates: rates.columns(columns).floatRows, skips: skips + first, memory: memory.base)
      }
    }
  }
}
