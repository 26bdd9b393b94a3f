// SPDX-License-Identifier: MIT
internal import GGUF
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
    try pass.begin(states)
    try pass.begin(job.probes.live)
    for index in graph.steps.indices {
      let step = try pass.step(index)
      try inSteps(0..<job.probes.probes.count, job.work.step(index, layer: layer), step.run)
      try measure(index, step, states)
    }
    try pass.finish(states)
    try pass.finish(job.probes.live)
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

  // MARK: Steps

  /// Tries the units of a step, and takes the states of the text through it.
  private func measure(_ index: Int, _ step: StepPass, _ states: Matrix) throws(QuantError) {
    let input = try step.connect(states)
    let outputs = try step.step.branches.indices.map { branch throws(QuantError) in
      try step.output(branch, input, states)
    }
    for branch in outputs.indices {
      let output = LayerOutput(
        pass: step, branch: branch, states: states, input: input, y: outputs[branch],
        others: try sum(of: outputs, without: branch, step))
      try measure(output, job.targets(layer: layer, step: index, branch: branch))
    }
    try step.join(try sum(of: outputs, without: nil, step) ?? outputs[0], input, to: states)
  }

  /// The sum of what branches give, finished; `nil` if there are none.
  private func sum(
    of outputs: [Matrix], without left: Int?, _ step: StepPass
  ) throws(QuantError) -> Matrix? {
    var sum: Matrix?
    for branch in outputs.indices where branch != left {
      let part = outputs[branch].copied()
      try step.finish(branch, part)
      if let sum { try context.add(part, times: 1, to: sum) } else { sum = part }
    }
    return sum
  }

  private func measure(_ output: LayerOutput, _ targets: [Int]) throws(QuantError) {
    if let mixture = output.pass.mixture(output.branch) {
      return try measure(mixture, output, targets)
    }
    for index in targets {
      let begun = job.probes.probes.count
      try job.measure(index, in: output, of: output.y) { (other, target) throws(QuantError) in
        let pass = try output.pass.substituting(other)
        target.copy(
          from: try pass.output(output.branch, output.input, output.states, keeps: false))
      }
      for probe in begun..<job.probes.probes.count { try keep(index, probe, output) }
    }
  }

  /// Puts what the changed branch keeps for later layers into the states of its probe.
  private func keep(_ index: Int, _ probe: Int, _ output: LayerOutput) throws(QuantError) {
    guard output.pass.step.branches[output.branch].block.keepsForLater,
      let other = job.targets[index].substitution(job.probes.probes[probe].type)
    else { return }
    _ = try output.pass.substituting(other).output(
      output.branch, output.input.rows(0..<job.probes.rows), job.probes.states(of: probe))
  }

  // MARK: Experts

  private func measure(
    _ mixture: ExpertLayerPass, _ output: LayerOutput, _ targets: [Int]
  ) throws(QuantError) {
    let input = try output.pass.normed(output.branch, output.input, output.states, keeps: false)
    let routing = try mixture.routing(input)
    let narrow = try mixture.narrowed(input.h)
    let latent = mixture.graph.latent
    let sum = latent == nil ? nil : try mixture.expertSum(narrow, routing)
    try MixtureSensitivity(job, mixture, output, narrow, sum: latent?.norm == nil ? nil : sum)
      .run(routing)
    let others = targets.filter { job.targets[$0].unit.position == .shared(layer: layer) }
    for part in MixturePart.allCases {
      let units = others.filter { part == MixturePart(of: job.targets[$0].unit.tensor, latent) }
      try measure(units, output) { (pass, y) throws(QuantError) in
        switch part {
        case .narrowing: try pass.addRouted(input.h, routing, to: y, scale: 1)
        case .widening: if let sum { try pass.addWidened(sum, to: y) }
        case .network: try pass.addShared(input.h, to: y, scale: 1)
        }
      }
    }
  }

  /// Tries units that all tokens pass in a mixture; `add` adds the part of its output that they change.
  private func measure(
    _ units: [Int], _ output: LayerOutput,
    _ add: (ExpertLayerPass, Matrix) throws(QuantError) -> Void
  ) throws(QuantError) {
    guard !units.isEmpty else { return }
    func run(_ pass: StepPass, _ y: Matrix) throws(QuantError) {
      guard let mixture = pass.mixture(output.branch) else { return }
      y.clear()
      try add(mixture, y)
    }
    let base = Matrix(rows: output.y.rows, columns: output.y.columns)
    try run(output.pass, base)
    for index in units {
      try job.measure(index, in: output, of: base) { (other, target) throws(QuantError) in
        try run(try output.pass.substituting(other), target)
      }
    }
  }
}

/// What all tokens pass in a mixture.
private enum MixturePart: CaseIterable {
  /// The projection before the experts.
  case narrowing
  /// The projection behind them.
  case widening
  /// The network beside them.
  case network

  init(of tensor: TensorInfo, _ latent: LatentMixture?) {
    switch tensor {
    case latent?.down.tensor: self = .narrowing
    case latent?.up.tensor: self = .widening
    default: self = .network
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
    _ run: (WeightSubstitution, Matrix) throws(QuantError) -> Void
  ) throws(QuantError) {
    sums.units[index].tokens = base.rows
    let change = Matrix(rows: base.rows, columns: base.columns)
    for type in types.indices {
      try QuantError.checkCancellation()
      defer { meter.add(work.trial(index, type)) }
      guard let other = targets[index].substitution(type) else { continue }
      try run(other, change)
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
