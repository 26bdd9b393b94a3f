// SPDX-License-Identifier: MIT
internal import QuantEvaluation
internal import QuantModels

/// Tries all units of one layer in all types, and takes the states through it.
struct LayerSensitivity {
  private let job: SensitivityMeasurement
  private let layer: Int
  private let graph: LayerGraph
  private let context: ForwardContext
  private let length: Int

  init(_ job: SensitivityMeasurement, layer: Int, _ context: ForwardContext) {
    self.job = job
    self.layer = layer
    self.context = context
    graph = job.evaluator.graph.layers[layer]
    length = job.windows.length
  }

  /// Tokens worked on at once: whole windows, and enough of them for fast products.
  private var chunk: Int { max(1, Self.chunkTokens / length) * length }

  /// About how many that is.
  static let chunkTokens = 8192

  private var positions: Range<Int> {
    let first = job.evaluator.options.firstPosition
    return first..<first + length
  }

  /// Takes the states of the text and of all probes through the layer; units tried on the way begin
  /// probes of their own.
  func run(_ states: Matrix) throws(QuantError) {
    let pass = LayerPass(
      context: context, graph: graph, layer: layer, positions: positions, chunk: chunk)
    let first = job.probes.probes.count
    try inSteps(0..<first, job.work.layer(layer), pass.run)
    try measureAttention(states)
    try inSteps(
      first..<job.probes.probes.count, job.work.feedForward(layer), pass.runFeedForward)
    try measureFeedForward(states)
  }

  /// Takes probes further, enough of them at once for fast products, and reports each step: together they
  /// may take longer than all trials of the layer. What becomes of a probe does not depend on its company.
  private func inSteps(
    _ range: Range<Int>, _ costOfToken: Int, _ body: (Matrix) throws(QuantError) -> Void
  ) throws(QuantError) {
    guard job.probes.rows > 0 else { return }
    let atOnce = max(1, Self.rowsOfStep / job.probes.rows)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: atOnce) {
      try QuantError.checkCancellation()
      let states = job.probes.states(of: start..<min(start + atOnce, range.upperBound))
      try body(states)
      job.meter.add(states.rows * costOfToken)
    }
  }

  /// So many that decoding a layer's weights for them takes little beside the products.
  private static let rowsOfStep = 65_536

  private func output(of x: Matrix, _ y: Matrix, _ norm: Norm?) -> LayerOutput {
    LayerOutput(x: x, y: y, norm: norm, scale: graph.residualScale, context: context)
  }

  private func normed(_ x: Matrix, by norm: Norm) throws(QuantError) -> Matrix {
    let h = Matrix(rows: x.rows, columns: x.columns)
    try context.normalize(x, by: norm, into: h)
    return h
  }

  private func inChunks(
    _ h: Matrix, into y: Matrix, _ body: (Matrix, Matrix) throws(QuantError) -> Void
  ) throws(QuantError) {
    for start in stride(from: 0, to: h.rows, by: chunk) {
      let rows = start..<min(start + chunk, h.rows)
      try body(h.rows(rows), y.rows(rows))
    }
  }

  // MARK: Attention

  private func measureAttention(_ x: Matrix) throws(QuantError) {
    let h = try normed(x, by: graph.attentionNorm)
    let y = Matrix(rows: x.rows, columns: x.columns)
    try attention(h, into: y, context)
    let output = output(of: x, y, graph.attentionPostNorm)
    for index in job.targets(at: .attention(layer: layer)) {
      try job.measure(index, in: output, of: y) { (other, target) throws(QuantError) in
        try attention(h, into: target, other)
      }
    }
    try output.finish()
  }

  private func attention(
    _ h: Matrix, into y: Matrix, _ context: ForwardContext
  ) throws(QuantError) {
    let pass = try AttentionPass(graph.attention, positions: positions, in: context)
    try inChunks(h, into: y) { (h, y) throws(QuantError) in try pass.run(h, into: y) }
  }

  // MARK: Feed-forward networks

  private func measureFeedForward(_ x: Matrix) throws(QuantError) {
    let h = try normed(x, by: graph.feedForwardNorm)
    let y = Matrix(rows: x.rows, columns: x.columns)
    let output = output(of: x, y, graph.feedForwardPostNorm)
    switch graph.feedForward {
    case .dense(let dense): try measure(dense, h, output)
    case .mixture(let mixture): try measure(mixture, h, output)
    }
    try output.finish()
  }

  private func measure(
    _ dense: DenseGraph, _ h: Matrix, _ output: LayerOutput
  ) throws(QuantError) {
    func run(_ context: ForwardContext, _ y: Matrix) throws(QuantError) {
      let pass = FeedForwardPass(context: context, graph: dense)
      try inChunks(h, into: y) { (h, y) throws(QuantError) in try pass.run(h, into: y) }
    }
    try run(context, output.y)
    for index in job.targets(at: .dense(layer: layer)) {
      try job.measure(index, in: output, of: output.y, run)
    }
  }

  private func measure(
    _ mixture: MixtureGraph, _ h: Matrix, _ output: LayerOutput
  ) throws(QuantError) {
    func runShared(_ context: ForwardContext, _ y: Matrix) throws(QuantError) {
      y.clear()
      try ExpertLayerPass(context: context, graph: mixture, layer: layer, chunk: chunk)
        .addShared(h, to: y, scale: 1)
    }
    let shared = Matrix(rows: h.rows, columns: h.columns)
    try runShared(context, shared)
    output.y.copy(from: shared)
    let pass = ExpertLayerPass(context: context, graph: mixture, layer: layer, chunk: chunk)
    let routing = try pass.routing(h)
    try pass.addExperts(h, routing, to: output.y, scale: 1)
    try MixtureSensitivity(job, pass, output, h).run(routing)
    for index in job.targets(at: .shared(layer: layer)) {
      try job.measure(index, in: output, of: shared, runShared)
    }
  }
}

extension SensitivityMeasurement {
  /// Tries one unit in all types.
  ///
  /// - Parameters:
  ///   - index: The unit.
  ///   - output: What it is a part of.
  ///   - base: What `run` gives for the model as it is.
  ///   - run: Computes that with some weights in another type.
  /// - Throws: What `run` throws.
  func measure(
    _ index: Int, in output: LayerOutput, of base: Matrix,
    _ run: (ForwardContext, Matrix) throws(QuantError) -> Void
  ) throws(QuantError) {
    sums.units[index].tokens = base.rows
    let change = Matrix(rows: base.rows, columns: base.columns)
    for type in types.indices {
      try QuantError.checkCancellation()
      defer { meter.add(work.trial(index, type)) }
      guard let other = targets[index].substitution(type) else { continue }
      try run(output.context.substituting(other), change)
      try output.context.add(base, times: -1, to: change)
      sums.units[index].errors[type] = try output.context.squares(change)
      guard type == targets[index].probed else { continue }
      let rows = change.rows(0..<probes.rows)
      try begin(
        [index], type: type, error: output.context.squares(rows), change: rows, in: output)
    }
  }

  /// Begins a probe from a change of the output of some units.
  func begin(
    _ units: [Int], type: Int, error: ExactSum, change: Matrix, in output: LayerOutput
  ) throws(QuantError) {
    let probe = probes.begin(units: units, type: type, error: error)
    try output.states(changedBy: change, into: probes.states(of: probe))
  }
}
