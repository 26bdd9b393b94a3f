// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Measures how well a model predicts text, and how it differs from another.
struct Perplexity: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure perplexity, and the divergence from a base model.",
    discussion: """
      All windows of a text go through the model layer by layer, so that every weight is read once, \
      also of models larger than memory. Results compare only within one protocol, which is printed \
      with them.

      Example: gguf-tool perplexity model.gguf --corpus text.txt --ctx 16 --base model.gguf
      """)

  @Argument(help: ArgumentHelp("The model, or any shard of it.", valueName: "model"))
  var model: String

  @OptionGroup var text: CorpusOptions

  @Option(
    name: .customLong("protocol"),
    help: ArgumentHelp(
      "llama: windows of 512, their second halves counted; full: windows of 2048, all counted.",
      valueName: "name"))
  var rules = EvaluationProtocol.llama

  @Option(
    help: ArgumentHelp(
      "Compare with this model: Kullback-Leibler divergence and what goes with it.",
      valueName: "model"))
  var base: String?

  @Option(
    help: ArgumentHelp(
      "Keep the states of this model, for comparing others with it later.", valueName: "file"))
  var saveBase: String?

  @Option(
    help: ArgumentHelp("Compare with states that --save-base kept.", valueName: "file"))
  var baseFile: String?

  @Option(
    help: ArgumentHelp(
      "Keep the state after each layer; the same command goes on from there if it was cut off.",
      valueName: "file"))
  var saveState: String?

  @Flag(help: "Show how often routers chose each expert, layer by layer.")
  var routerStats = false

  @Option(
    help: ArgumentHelp("Draw that as an SVG picture; implies --router-stats.", valueName: "file"))
  var routerPlot: String?

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var json: JSONOption

  func validate() throws {
    guard base == nil || baseFile == nil else {
      throw ValidationError("Only one of --base and --base-file can be given.")
    }
    guard saveBase == nil && baseFile == nil || text.corpus.count == 1 else {
      throw ValidationError("--save-base and --base-file take one text at a time.")
    }
    guard
      saveState == nil
        || text.corpus.count == 1 && base == nil && saveBase == nil
          && !routerStats && routerPlot == nil
    else {
      throw ValidationError(
        "--save-state takes one text, and goes with --base-file but not with --base, --save-base and "
          + "router statistics.")
    }
  }

  func run() throws {
    let file = try GGUFFile.open(model)
    try OutputPath.check(
      [saveBase, saveState, routerPlot], isNot: file, others: [base, baseFile] + text.files())
    let tokenizer = try text.tokenizer(file)
    let router = routerStats || routerPlot != nil ? RouterGathering() : nil
    var results: [PerplexityResult] = []
    for corpus in try text.corpora() {
      results.append(try measure(corpus, file, tokenizer, router))
    }
    let statistics = router?.statistics
    if let routerPlot, let statistics {
      try PlainFile.write(RouterHeatMapSVG.text(of: statistics), to: routerPlot)
    }
    try PerplexityView(
      model: file.path, rules: rules, compute: compute.mode, results: results, router: statistics
    ).show(isJSON: json.isJSON)
  }

  private func measure(
    _ corpus: Corpus, _ file: GGUFFile, _ tokenizer: Tokenizer, _ router: RouterGathering?
  ) throws -> PerplexityResult {
    let windows = try text.windows(of: corpus, tokenizer, rules)
    let evaluator = try compute.evaluator(file, contextLength: windows.length)
    let kept = try baseFile.map { try BaseStates($0) }
    let run = try LossEvaluation(evaluator, windows, base: comparison(kept, windows))
    let writer = try saveBase.map { try BaseStatesWriter(to: $0, evaluator, windows) }
    let state = try saveState.map { try EvaluationState($0, evaluator, windows, base: kept) }
    if let state, state.isResuming { Notes.write("going on with \(state.path)") }
    let progress = Progress(
      corpus.name, total: windows.tokens.count, unit: .items("tokens"))
    let clock = ContinuousClock()
    let start = clock.now
    let report = try run.run(observer: router, keeping: writer, state: state) { step in
      // A layer of all tokens counts as its share of them.
      progress.update(to: step.done / max(1, step.total / windows.tokens.count))
    }
    progress.finish()
    try writer?.finish()
    state?.remove()
    return PerplexityResult(
      corpus: corpus.name, windows: windows, report: report, duration: clock.now - start)
  }

  private func comparison(
    _ kept: BaseStates?, _ windows: EvaluationWindows
  ) throws -> EvaluationBase? {
    if let kept { return .states(kept) }
    guard let base else { return nil }
    return .model(
      try compute.evaluator(GGUFFile.open(base), contextLength: windows.length))
  }
}
