// SPDX-License-Identifier: MIT
public import GGUF
public import QuantEvaluation
public import QuantModels
public import QuantPlanning

/// A variant of a model, written and held against the model.
public struct MeasuredVariant: Sendable {
  /// How it was made.
  public let plan: RequantizePlan
  /// What was lost on the way.
  public let report: PlanReport
  /// What each text said.
  public let results: [TextResult]

  /// Bytes of its file.
  public var byteCount: Int { plan.plan.byteCount }

  /// The mean divergence over the texts, in nats per token.
  public var meanDivergence: Double { results.meanDivergence }

  /// The largest increase of perplexity over the texts, as a share of the model's.
  public var perplexityIncrease: Double {
    results.map { $0.perplexityRatio.value - 1 }.max() ?? 0
  }
}

/// Writes variants of a model and measures them on texts.
///
/// The model itself goes through once for each text; its last states stay on the disk for as long as
/// the measurer lives.
public final class VariantMeasurer {
  /// A text with its name.
  public struct Text {
    let name: String
    let windows: EvaluationWindows

    /// Takes a text.
    public init(name: String, windows: EvaluationWindows) {
      self.name = name
      self.windows = windows
    }
  }

  let source: any ModelSource
  private let importance: ImportanceMatrix?
  let texts: [Text]
  private let options: EvaluationOptions
  private let scratch: String
  private let toolVersion: String
  private var bases: [String] = []
  /// Variants written so far.
  private var variants = 0
  /// Called from any thread as the steps go on.
  public var progress: @Sendable (VariantProgress) -> Void = { _ in }
  /// Held while files of these names are there, so that two runs do not share them.
  private var lock: RecordFile?

  /// Prepares to measure.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - importance: What variants are written with.
  ///   - texts: The texts to measure on.
  ///   - options: What evaluation may use.
  ///   - scratch: The beginning of the names of files that are removed in the end.
  ///   - toolVersion: Written into the variants' metadata.
  public init(
    _ source: any ModelSource, importance: ImportanceMatrix?, texts: [Text],
    options: EvaluationOptions,
    scratch: String, toolVersion: String
  ) {
    self.source = source
    self.importance = importance
    self.texts = texts
    self.options = options
    self.scratch = scratch
    self.toolVersion = toolVersion
  }

  deinit {
    guard let lock else { return }
    for name in files {
      Disk.remove(name)
      UnfinishedFiles.remove(temporary: name)
    }
    lock.remove()
  }

  private var variant: String { "\(scratch).variant.gguf" }

  /// Every finished file that may be there while variants are measured, and the lock.
  private var files: [String] {
    texts.indices.map(base) + [variant, "\(scratch).lock"]
  }

  private func base(_ index: Int) -> String { "\(scratch).base-\(index).gguf" }

  private func takeNames() throws(QuantError) {
    guard lock == nil else { return }
    lock = try QuantError.wrapping { () throws(FileError) in
      try RecordFile(path: "\(scratch).lock")
    }
    for name in files { UnfinishedFiles.add(temporary: name) }
  }

  /// Adds what measuring depends on to what parts of a job must agree in.
  func describe(_ job: inout PartJob) {
    job.add(importance)
    for text in texts { job.add(text.name, text.windows) }
    job.add("compute mode", options.mode.rawValue)
  }

  /// Takes the model itself through all texts.
  ///
  /// - Returns: Its perplexities.
  /// - Throws: `QuantError` if it cannot be evaluated, or if another process measures variants of the
  ///   same name.
  public func measureSource() throws(QuantError) -> [TextResult] {
    try takeNames()
    var results: [TextResult] = []
    for (index, text) in texts.enumerated() {
      let path = base(index)
      let evaluator = try evaluator(source, text)
      bases.append(path)
      let writer = try BaseStatesWriter(to: path, evaluator, text.windows)
      let report = try LossEvaluation(evaluator, text.windows).run(keeping: writer) {
        self.tell(.measuringModel, text: index, $0)
      }
      try writer.finish()
      results.append(
        TextResult(
          corpus: text.name, perplexity: report.losses.perplexity,
          perplexityRatio: MeasuredValue(1, error: 0), divergence: MeasuredValue(0, error: 0)))
    }
    return results
  }

  /// Writes a variant and measures it; `measureSource` must have run.
  ///
  /// - Parameters:
  ///   - recipe: How it is made.
  ///   - path: Where it stays; by default it is removed.
  /// - Returns: What it takes and what it costs.
  /// - Throws: `QuantError` if it cannot be written or evaluated.
  public func measure(
    _ recipe: Recipe, keepingAt path: String? = nil
  ) async throws(QuantError) -> MeasuredVariant {
    precondition(bases.count == texts.count, "the model itself was not measured")
    let output = path ?? variant
    let made = try await write(recipe, to: output)
    defer { if path == nil { Disk.remove(output) } }
    let file = try QuantError.wrapping { () throws(FileError) in try GGUFFile.open(output) }
    var results: [TextResult] = []
    for index in texts.indices { results.append(try compare(file, index)) }
    return MeasuredVariant(plan: made.plan, report: made.report, results: results)
  }

  /// Writes a variant.
  ///
  /// Returns how it was made, and what was lost. Throws `QuantError` if it cannot be written.
  public func write(
    _ recipe: Recipe, to path: String
  ) async throws(QuantError) -> (plan: RequantizePlan, report: PlanReport) {
    let plan = try RequantizePlan(
      source: source, recipe: recipe, importance: importance, output: .single(path),
      toolVersion: toolVersion)
    try plan.check()
    variants += 1
    let (total, variant, progress) = (plan.plan.tensorByteCount, variants, progress)
    let report = try await plan.executor.run(
      threads: options.threads, restarting: true, keepsUnfinished: false
    ) {
      progress(
        VariantProgress(step: .writing, variant: variant, done: $0.doneBytes, total: total))
    }
    return (plan, report)
  }

  private func compare(
    _ model: any ModelSource, _ index: Int
  ) throws(QuantError) -> TextResult {
    let text = texts[index]
    let run = try LossEvaluation(
      evaluator(model, text), text.windows, base: .states(BaseStates(bases[index])))
    let report = try run.run { self.tell(.measuring, text: index, $0) }
    guard let summary = report.divergence?.summary else {
      throw .content(file: model.path, line: 0, what: "nothing was compared")
    }
    return TextResult(
      corpus: text.name, perplexity: summary.variantPerplexity, perplexityRatio: summary.ratio,
      divergence: summary.meanDivergence)
  }

  /// Tells how far a step is; texts take as long as they have tokens.
  private func tell(_ step: VariantProgress.Step, text index: Int, _ part: EvaluationProgress) {
    let tokens = texts.map { Double($0.windows.tokens.count) }
    let earlier = tokens[..<index].reduce(0, +)
    let share = Double(part.done) / Double(max(1, part.total))
    progress(
      VariantProgress(
        step: step, variant: step == .measuring ? variants : 0,
        done: Int(earlier + tokens[index] * share), total: Int(tokens.reduce(0, +))))
  }

  func evaluator(_ model: any ModelSource, _ text: Text) throws(QuantError) -> Evaluator {
    try Evaluator(model: model, contextLength: text.windows.length, options: options)
  }
}
