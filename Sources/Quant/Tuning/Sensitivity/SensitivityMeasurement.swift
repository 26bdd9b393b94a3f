// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF
public import QuantEvaluation
public import QuantModels
public import QuantPlanning

/// Measures what each unit of a model would suffer from each type, in one pass over its layers.
///
/// The text goes through the model as it is. At each layer every unit is tried in every type: what
/// changes in the output of its part of the layer is its error. One type of each unit is tried in the
/// whole model, too: a probe, whose states go through all later layers and whose predictions are
/// compared at the end, tells what an error at that place does to them.
public final class SensitivityMeasurement {
  let evaluator: Evaluator
  /// The text, as far as it is run here.
  let windows: EvaluationWindows
  /// All of it.
  let whole: WindowCounts
  /// Which of its windows are run.
  let range: Range<Int>
  let corpora: [String]
  let types: [TensorType]
  let importance: ImportanceMatrix?
  let targets: [SensitivityTarget]
  let sharesProbes: Bool
  /// Windows of each probe in the whole text: its first.
  private let probeWindows: Int
  var sums: SensitivitySums
  var probes: ProbeStates
  private let text: EvaluationWindows
  private let context: ForwardContext
  let work: SensitivityWork
  private(set) var meter: WorkMeter

  /// Prepares a measurement.
  ///
  /// - Parameters:
  ///   - evaluator: The model.
  ///   - windows: The text.
  ///   - corpora: The names of the texts.
  ///   - types: The types to try.
  ///   - importance: What encoders are told of the columns.
  ///   - probeWindows: Windows of each probe.
  ///   - part: The part of the text to measure with; by default all.
  /// - Throws: `QuantError.memory` if memory does not suffice, `.content` for a matrix of
  ///   another model.
  public init(
    _ evaluator: Evaluator, _ windows: EvaluationWindows, of corpora: [String],
    types: [TensorType], importance: ImportanceMatrix?, probeWindows: Int,
    only part: JobPart? = nil
  ) throws(QuantError) {
    try evaluator.checkPredicts()
    try evaluator.check(windowLength: windows.length)
    self.evaluator = evaluator
    let range = part?.range(of: windows.count) ?? 0..<windows.count
    self.range = range
    whole = WindowCounts(windows)
    self.windows = windows.only(range)
    text = windows
    self.corpora = corpora
    self.types = types
    self.importance = importance
    context = evaluator.context(windowLength: windows.length)
    targets = try evaluator.graph.units.map { unit throws(QuantError) in
      try SensitivityTarget(unit, types: types, importance: importance)
    }
    sums = SensitivitySums(units: targets.map { _ in .init(types: types.count) })
    let plan = try ProbePlan(
      evaluator, whole, windows: range.count, units: targets.map(\.unit),
      probeWindows: probeWindows)
    sharesProbes = plan.isShared
    self.probeWindows = plan.windows
    let held = max(0, min(range.upperBound, plan.windows) - range.lowerBound)
    probes = ProbeStates(
      count: plan.count, windows: held, length: windows.length, width: evaluator.graph.stateWidth)
    work = SensitivityWork(
      targets, types: types,
      .init(
        graph: evaluator.graph, tokens: range.count * windows.length,
        probeTokens: held * windows.length, countedTokens: held * windows.counted.count,
        sharesProbes: plan.isShared))
    meter = WorkMeter(total: work.total) { _ in }
  }

  /// Measures.
  ///
  /// - Parameters:
  ///   - path: Where to keep what is known after each layer, and perhaps go on from; `nil` keeps nothing.
  ///     The file stays: who has written the results removes it.
  ///   - progress: Called as units are tried and probes go on.
  /// - Returns: What was found. It does not depend on the number of threads, and what follows of the
  ///   parts of a text put together is what follows of it in one, to the last bit.
  /// - Throws: `QuantError` for tokens that the model does not have, weights that cannot be read, or
  ///   the state of another measurement; `.cancelled` if the task was cancelled, which is asked before
  ///   each trial: the layers before it are kept.
  /// - Complexity: For each type, the work of encoding the model and of a pass of the text through it;
  ///   and that of a pass of all probes through half of it.
  public func run(
    keepingStateIn path: String?, progress: @escaping (EvaluationProgress) -> Void = { _ in }
  ) throws(QuantError) -> SensitivityPart {
    meter = WorkMeter(total: work.total, progress)
    guard !range.isEmpty else { return try result() }
    let state = try path.map { path throws(QuantError) in try SensitivityState(path, self) }
    let (states, first) = try begin(state)
    let finite = FiniteCheck(evaluator, windows.tokens, length: windows.length)
    try finite.check(states, from: first > 0 ? .layer(first - 1) : .embedding)
    for layer in evaluator.graph.layers.indices.dropFirst(first) {
      try LayerSensitivity(self, layer: layer, context).run(states)
      try finite.check(states, from: .layer(layer))
      let results = SensitivityState.Results(sums: sums, probes: probes.probes, done: meter.done)
      try state?.save(results, layer: layer + 1, states, probes.live)
    }
    try measureOutput(states)
    try finite.check(states, from: .output)
    try QuantError.wrapping { () throws(FileError) in try evaluator.model.checkUnchanged() }
    return try result()
  }

  /// The states to begin with, and how many layers are behind them.
  private func begin(_ state: SensitivityState?) throws(QuantError) -> (Matrix, Int) {
    guard let state, let earlier = try state.read() else {
      let states = try evaluator.embed(windows.tokens, windowLength: windows.length)
      try measureEmbedding(states)
      return (states, 0)
    }
    sums = earlier.results.sums
    meter.skip(earlier.results.done)
    try probes.restore(earlier.results.probes, earlier.probes, path: state.path)
    guard earlier.states.rows == windows.tokens.count,
      earlier.states.columns == evaluator.graph.stateWidth,
      (0...evaluator.graph.layers.count).contains(earlier.layer), hasWholeResults
    else {
      throw .mismatch(file: state.path, what: "it is not the state of this measurement")
    }
    return (earlier.states, earlier.layer)
  }

  /// Whether results read from a file are of these units and types.
  private var hasWholeResults: Bool {
    sums.fit(units: targets.count, types: types.count)
      && probes.probes.allSatisfy { probe in
        types.indices.contains(probe.type) && probe.units.allSatisfy(targets.indices.contains)
      }
  }

  /// The numbers of the units at a position.
  func targets(at position: UnitPosition) -> [Int] {
    targets.indices.filter { targets[$0].unit.position == position }
  }

  /// The numbers of the units of a branch.
  func targets(layer: Int, step: Int, branch: Int) -> [Int] {
    targets.indices.filter {
      let unit = targets[$0].unit
      return unit.position.layer == layer && unit.step == step && unit.branch == branch
    }
  }

  /// About how many bytes the state of `run` has after the last layer; while it is written anew, the one
  /// before is there, too.
  public var stateBytes: Int {
    let perRow = evaluator.graph.stateWidth * MemoryLayout<Float>.size
    return windows.tokens.count * perRow + probes.capacity * perRow / 8 * 5
  }

  /// Whether a state lies at a path, from which `run` goes on.
  public static func isResuming(_ path: String) -> Bool { Disk.exists(path) }

  /// Removes the state at a path: what it was kept for is written.
  public static func removeState(_ path: String) {
    Disk.remove(path)
    UnfinishedFiles.release(.state(path))
  }

  private func result() throws(QuantError) -> SensitivityPart {
    let plain = Sensitivity(
      kind: Sensitivity.kindName, model: evaluator.model.path,
      fingerprint: try ModelIdentity.content(of: evaluator.model), corpora: corpora,
      importance: importance?.path, windows: whole.windows, windowLength: whole.length,
      probeWindows: probeWindows, types: types.map(\.name), units: targets.map(\.unmeasured))
    return SensitivityPart(plain, counts: whole, range: range, sums: sums)
  }

  /// Adds all that results depend on to what parts of a job must agree in.
  ///
  /// Throws `QuantError.file` if the model cannot be read.
  public func describe(_ job: inout PartJob) throws(QuantError) {
    try job.add("model", evaluator.model)
    job.add(importance)
    job.add("together", text)
    job.add("types", types.map(\.name).joined(separator: ","))
    let sharing = sharesProbes ? "experts of a layer together" : "each part alone"
    job.add(
      "plan of probes", "of \(probeWindows) windows, \(sharing)")
    job.add("compute mode", evaluator.options.mode.rawValue)
    job.add("encoders", "of revision \(FormatRegistry.encoderRevision)")
  }
}

// MARK: Outside the layers

extension SensitivityMeasurement {
  /// Rows of the embedding count as they come in the text.
  private func measureEmbedding(_ base: Matrix) throws(QuantError) {
    for index in targets(at: .embedding) {
      let target = targets[index]
      sums.units[index].tokens = base.rows
      for type in types.indices {
        try QuantError.checkCancellation()
        defer { meter.add(work.trial(index, type)) }
        guard let other = target.substitution(type) else { continue }
        let changed = try evaluator.embed(
          windows.tokens, windowLength: windows.length, substituting: other)
        let change = context.layout.stream(of: changed).copied()
        try context.add(context.layout.stream(of: base), times: -1, to: change)
        sums.units[index].errors[type] = try context.squares(change)
        guard type == target.probed else { continue }
        let first = 0..<probes.rows
        let error = try context.squares(change.rows(first))
        let probe = probes.begin(units: [index], type: type, error: error)
        probes.states(of: probe).copy(from: changed.rows(first))
      }
    }
  }

  /// The output matrix is tried as it is used, and probes get their divergence.
  private func measureOutput(_ states: Matrix) throws(QuantError) {
    let graph = evaluator.graph
    let base = try predictors(states.rows(0..<probes.rows))
    let comparison = PredictionComparison(
      evaluator, base: base, ofEachWindow: windows.counted.count, context)
    for index in targets.indices where targets[index].unit.tensor == graph.output.tensor {
      sums.units[index].tokens = states.rows
      for type in types.indices {
        defer { meter.add(work.outputTrial(index, type)) }
        guard let other = targets[index].substitution(type) else { continue }
        sums.units[index].divergences[type] = try comparison.divergence(
          of: base, context.substituting(other))
      }
    }
    for (number, probe) in probes.probes.enumerated() {
      let divergence = try comparison.divergence(
        of: predictors(probes.states(of: number)), context)
      meter.add(work.comparison)
      for unit in probe.units {
        sums.units[unit].probe = SensitivitySums.Probe(
          type: probe.type, error: probe.error, divergence: divergence,
          isShared: probe.units.count > 1)
      }
    }
  }

  /// The normed states of the tokens that count, packed at the start of the rows.
  private func predictors(_ states: Matrix) throws(QuantError) -> Matrix {
    windows.packCounted(try evaluator.normedOutput(of: states, context))
  }
}
