// SPDX-License-Identifier: MIT
public import GGUF

/// Measures what each part of a model would suffer from each type, in one pass over its layers.
///
/// The text goes through the model as it is. At each layer every part is tried in every type: what
/// changes in the output of its part of the layer is its error. One type of each part is tried in the
/// whole model, too: a probe, whose states go through all later layers and whose predictions are
/// compared at the end, tells what an error at that place does to them.
public final class SensitivityMeasurement {
  /// How far a measurement is.
  public struct Progress: Sendable {
    /// Parts times types tried, and layers of probes.
    public let done: Int
    /// All of them.
    public let total: Int
  }

  let evaluator: Evaluator
  let windows: EvaluationWindows
  let types: [TensorType]
  let importance: ImportanceMatrix?
  let targets: [SensitivityTarget]
  let sharesProbes: Bool
  var units: [Sensitivity.Unit]
  var probes: ProbeStates
  private let context: ForwardContext
  private let progress: (Progress) -> Void
  private var done = 0

  /// Prepares a measurement.
  ///
  /// - Parameters:
  ///   - evaluator: The model.
  ///   - windows: The text.
  ///   - types: The types to try.
  ///   - importance: What encoders are told of the columns.
  ///   - probeWindows: Windows of each probe.
  ///   - progress: Called as parts are done.
  /// - Throws: `QuantError.unsupported` if memory does not suffice, `.importance` for a matrix of
  ///   another model.
  public init(
    _ evaluator: Evaluator, _ windows: EvaluationWindows, types: [TensorType],
    importance: ImportanceMatrix?, probeWindows: Int,
    progress: @escaping (Progress) -> Void = { _ in }
  ) throws(QuantError) {
    self.evaluator = evaluator
    self.windows = windows
    self.types = types
    self.importance = importance
    self.progress = progress
    context = evaluator.context(observer: nil)
    targets = try evaluator.graph.parts.map { part throws(QuantError) in
      try SensitivityTarget(part, types: types, importance: importance)
    }
    units = targets.map(\.unit)
    let plan = try ProbePlan(
      evaluator, windows, parts: targets.map(\.part), probeWindows: probeWindows)
    sharesProbes = plan.isShared
    probes = ProbeStates(
      count: plan.count, windows: plan.windows, length: windows.length,
      width: evaluator.graph.width)
  }

  /// Measures.
  ///
  /// - Returns: What was found.
  /// - Throws: `QuantError` for tokens that the model does not have or weights that cannot be read.
  public func run() throws(QuantError) -> Sensitivity {
    let states = try evaluator.embed(windows.tokens)
    try measureEmbedding(states)
    for layer in evaluator.graph.layers.indices {
      try LayerSensitivity(self, layer: layer, context).run(states)
    }
    try measureOutput(states)
    estimate()
    return result()
  }

  /// The numbers of the parts at a place.
  func targets(at place: PartPlace) -> [Int] { targets.indices.filter { targets[$0].part.place == place } }

  /// One more thing is done.
  func step() {
    done += 1
    progress(Progress(done: done, total: targets.count * types.count))
  }

  private func result() -> Sensitivity {
    Sensitivity(
      kind: Sensitivity.kindName, model: evaluator.file.path, fingerprint: "", corpora: [],
      importance: importance?.path, windows: windows.count, windowLength: windows.length,
      probeWindows: probes.windows, types: types.map(\.name), units: units)
  }
}

// MARK: Outside the layers

extension SensitivityMeasurement {
  /// Rows of the embedding count as they come in the text.
  private func measureEmbedding(_ base: Matrix) throws(QuantError) {
    for index in targets(at: .embedding) {
      let target = targets[index]
      units[index].tokens = base.rows
      for type in types.indices {
        defer { step() }
        guard let other = target.substitution(type) else { continue }
        let changed = try evaluator.embed(windows.tokens, substituting: other)
        try context.add(base, times: -1, to: changed)
        units[index].errors[type] = try context.squares(changed) / Double(base.rows)
        guard type == target.probed else { continue }
        let first = changed.rows(0..<probes.rows)
        let probe = probes.begin(units: [index], type: type, error: try context.squares(first))
        try context.add(base.rows(0..<probes.rows), times: 1, to: first)
        probes.states(of: probe).copy(from: first)
      }
    }
  }

  /// The output matrix is tried as it is used, and probes get their divergence.
  private func measureOutput(_ states: Matrix) throws(QuantError) {
    let graph = evaluator.graph
    let base = states.rows(0..<probes.rows)
    try context.normalize(base, by: graph.outputNorm, into: base)
    try context.normalize(probes.live, by: graph.outputNorm, into: probes.live)
    let comparison = PredictionComparison(evaluator, base: base, context)
    for index in targets.indices where targets[index].part.tensor == graph.output.tensor {
      units[index].tokens = states.rows
      for type in types.indices {
        guard let other = targets[index].substitution(type) else { continue }
        let found = try comparison.divergence(of: base, context.substituting(other))
        units[index].divergences[type] = found
        step()
      }
    }
    for (number, probe) in probes.probes.enumerated() {
      let divergence = try comparison.divergence(of: probes.states(of: number), context)
      for unit in probe.units {
        units[unit].probe = Sensitivity.Probe(
          type: types[probe.type].name, error: probe.error / Double(probes.rows),
          divergence: divergence, isShared: probe.units.count > 1)
      }
    }
  }
}
