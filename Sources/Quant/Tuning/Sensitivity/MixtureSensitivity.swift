// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantEvaluation
internal import QuantModels

/// Tries all experts of a layer in all types, each on the tokens that are routed to it.
struct MixtureSensitivity {
  private let job: SensitivityMeasurement
  private let pass: ExpertLayerPass
  private let output: LayerOutput
  /// What the experts take.
  private let h: Matrix
  /// The weighted sums that experts give, where a norm stands behind them.
  private let sum: Matrix?
  private var context: ForwardContext { pass.context }
  private var graph: ExpertGraph { pass.graph.experts }

  /// Prepares for a layer with the input of its experts, and their sums where a norm stands behind.
  init(
    _ job: SensitivityMeasurement, _ pass: ExpertLayerPass, _ output: LayerOutput, _ h: Matrix,
    sum: Matrix?
  ) {
    self.job = job
    self.pass = pass
    self.output = output
    self.h = h
    self.sum = sum
  }

  /// Changes that go into one probe together.
  private final class Shared {
    var units: [Int] = []
    var error = ExactSum()
    let change: Matrix
    let type: Int

    init(_ change: Matrix, type: Int) {
      self.change = change
      self.type = type
    }
  }

  func run(_ routing: Routing) throws(QuantError) {
    var shared: [UnitPosition.Projection: Shared] = [:]
    for (expert, places) in routing.byExpert().enumerated() {
      let run = try ExpertRun(pass, expert, places, routing, h)
      for projection in [UnitPosition.Projection.gate, .up, .gateUp, .down] {
        for index in job.targets(at: .expert(layer: pass.layer, projection))
        where job.targets[index].unit.expert == expert {
          try measure(index, projection, run, &shared)
        }
      }
    }
    for probe in shared.values.sorted(by: { $0.units[0] < $1.units[0] }) {
      try job.begin(
        probe.units, type: probe.type, error: probe.error, change: probe.change, in: output)
    }
  }

  private func measure(
    _ index: Int, _ projection: UnitPosition.Projection, _ run: ExpertRun,
    _ shared: inout [UnitPosition.Projection: Shared]
  ) throws(QuantError) {
    let target = job.targets[index]
    job.sums.units[index].tokens = run.places.count
    for type in job.types.indices {
      try QuantError.checkCancellation()
      defer { job.meter.add(job.work.trial(index, type)) }
      guard let other = target.substitution(type) else { continue }
      let change = try widened(run.change(projection, context.substituting(other)), run)
      job.sums.units[index].errors[type] = try context.squares(change, of: run.windows)
      guard type == target.probed else { continue }
      let part = shared[projection] ?? Shared(cleared(), type: type)
      part.units.append(index)
      part.error.add(
        try run.scatter(change, tokensBelow: job.probes.rows, into: part.change))
      shared[projection] = part
      guard !job.sharesProbes else { continue }
      shared[projection] = nil
      try job.begin(
        [index], type: type, error: part.error, change: part.change, in: output)
    }
  }

  /// What a change of an expert's output changes in the mixture's.
  private func widened(_ change: Matrix, _ run: ExpertRun) throws(QuantError) -> Matrix {
    guard let latent = pass.graph.latent else { return change }
    let wide = Matrix(rows: change.rows, columns: output.y.columns)
    guard let sum else {
      var linear = latent.up
      linear.bias = nil
      try LinearProduct(linear, in: context).run(change, of: run.windows, into: wide)
      return wide
    }
    let base = run.rows(of: sum)
    wide.clear()
    try pass.addWidened(base, to: wide, scale: -1)
    try context.add(change, times: 1, to: base)
    try pass.addWidened(base, to: wide)
    return wide
  }

  private func cleared() -> Matrix {
    let matrix = Matrix(rows: job.probes.rows, columns: output.y.columns)
    matrix.clear()
    return matrix
  }
}

/// One expert's work on its tokens, step by step.
private struct ExpertRun {
  /// The places of its tokens in the routing.
  let places: [Int]
  /// The rows of each window among them.
  let windows: [Range<Int>]
  private let pass: ExpertLayerPass
  private let expert: Int
  private let routing: Routing
  private let input: Matrix
  private let both: Matrix
  private let hidden: Matrix
  private let output: Matrix

  init(
    _ pass: ExpertLayerPass, _ expert: Int, _ places: [Int], _ routing: Routing, _ h: Matrix
  ) throws(QuantError) {
    self.pass = pass
    self.expert = expert
    self.places = places
    let tokens = ExpertTokens.parts(of: places, routing, pass.context.windowLength)
    windows = tokens.first?.windows ?? []
    self.routing = routing
    let rows = ExpertLayerPass.roundedUp(places.count)
    input = Matrix(rows: rows, columns: h.columns)
    both = Matrix(rows: rows, columns: 2 * pass.graph.experts.width)
    hidden = Matrix(rows: rows, columns: pass.graph.experts.width)
    output = Matrix(rows: rows, columns: h.columns)
    pass.gather(places, routing, h, into: input)
    try pass.expand(expert, input, into: both)
    try pass.gate(both, into: hidden)
    try pass.reduce(expert, hidden, into: output)
  }

  /// What other weights change in the expert's output, times the weights of routing: a row a token.
  func change(
    _ projection: UnitPosition.Projection, _ context: ForwardContext
  ) throws(QuantError) -> Matrix {
    let changed = Matrix(rows: output.rows, columns: output.columns)
    let other = ExpertLayerPass(
      context: context, graph: pass.graph, layer: pass.layer, chunk: pass.chunk)
    if projection == .down {
      try other.reduce(expert, hidden, into: changed)
    } else {
      let otherBoth = Matrix(rows: both.rows, columns: both.columns)
      otherBoth.copy(from: both)
      try other.expand(expert, input, only: projection, into: otherBoth)
      let otherHidden = Matrix(rows: hidden.rows, columns: hidden.columns)
      try other.gate(otherBoth, into: otherHidden)
      try other.reduce(expert, otherHidden, into: changed)
    }
    let rows = changed.rows(0..<places.count)
    try context.add(output.rows(0..<places.count), times: -1, to: rows)
    weigh(rows)
    return rows
  }

  /// The rows of its tokens.
  func rows(of matrix: Matrix) -> Matrix {
    let rows = Matrix(rows: places.count, columns: matrix.columns)
    for (row, place) in places.enumerated() {
      let token = place / routing.used
      rows.rows(row..<row + 1).copy(from: matrix.rows(token..<token + 1))
    }
    return rows
  }

  private func weigh(_ rows: Matrix) {
    guard !pass.graph.weighsInput else { return }
    for (row, place) in places.enumerated() {
      unsafe KernelTable.current.layers.scale(
        rows.base + row * rows.stride, count: rows.columns, factor: routing.weights[place])
    }
  }

  /// Adds the changes of the first tokens to their rows.
  ///
  /// Returns the sum of their squares.
  func scatter(
    _ change: Matrix, tokensBelow limit: Int, into target: Matrix
  ) throws(QuantError) -> ExactSum {
    let count = places.prefix { $0 / routing.used < limit }.count
    for (row, place) in places.prefix(count).enumerated() {
      unsafe KernelTable.current.layers.addScaledRow(
        change.base + row * change.stride, target.base + place / routing.used * target.stride,
        count: target.columns, factor: 1)
    }
    // The limit lies between windows.
    return try pass.context.squares(change, of: windows.filter { $0.upperBound <= count })
  }
}
