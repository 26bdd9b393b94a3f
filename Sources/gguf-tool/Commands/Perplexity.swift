// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Measures how well a model predicts text, and how it differs from another.
struct Perplexity: ParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Measure perplexity, and the divergence from a base model.",
    usage: "gguf-tool perplexity <model> --corpus <text> ... [<options>]",
    discussion: """
      Runs all windows of a text through the model layer by layer, so that every weight is read once, \
      even if the model is larger than memory. Results are comparable only within one protocol, \
      which is printed with them.

      Example: gguf-tool perplexity model.gguf --corpus text.txt --ctx 16 --base model.gguf
      """)

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "model"),
    completion: .model)
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
      "Compare with this model: Kullback-Leibler divergence and related figures.",
      valueName: "model"),
    completion: .model)
  var base: String?

  @Option(
    help: ArgumentHelp(
      "Save the states of this model, to compare other models with it later.", valueName: "file"),
    completion: .file())
  var saveBase: String?

  @Option(
    help: ArgumentHelp("Compare with states from --save-base.", valueName: "file"),
    completion: .file())
  var baseFile: String?

  @Option(
    help: ArgumentHelp(
      "Save the state after each layer; the same command continues from it if interrupted.",
      valueName: "file"),
    completion: .file())
  var saveState: String?

  @Flag(help: "Show how often routers chose each expert, layer by layer.")
  var routerStats = false

  @Option(
    help: ArgumentHelp("Draw them as an SVG picture; implies --router-stats.", valueName: "file"),
    completion: .file())
  var routerPlot: String?

  @OptionGroup var part: PartOptions

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Write the partial result here; needs --part.", valueName: "file"),
    completion: .file())
  var output: String?

  @OptionGroup var compute: ComputeOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var json: JSONOption

  static let settings = CorpusOptions.settings

  func validate() throws {
    try text.requireTexts()
    guard (part.part == nil) == (output == nil) else {
      throw ValidationError("--part and -o go together: -o names the partial result.")
    }
    try part.check(against: [
      ("--save-base", saveBase != nil), ("--router-plot", routerPlot != nil),
    ])
    guard base == nil || baseFile == nil else {
      throw ValidationError("Only one of --base and --base-file can be given.")
    }
    guard saveBase == nil && baseFile == nil || text.corpus.count == 1 else {
      throw ValidationError("--save-base and --base-file take only one text.")
    }
    guard
      saveState == nil
        || text.corpus.count == 1 && base == nil && saveBase == nil
          && !routerStats && routerPlot == nil
    else {
      throw ValidationError(
        "--save-state takes only one text, and cannot be combined with --base, --save-base or router "
          + "statistics.")
    }
  }

  func run() throws {
    let file = try GGUFFile.open(model)
    try OutputPath.check(
      [saveBase, saveState, routerPlot, output], isNot: file,
      others: [base, baseFile] + text.files())
    let tokenizer = try text.tokenizer(file)
    let router = routerStats || routerPlot != nil ? RouterGathering() : nil
    var job = try job(file)
    let cut = try text.corpora().map { corpus in
      (corpus, try text.windows(of: corpus, tokenizer, rules, for: file))
    }
    let progress = TextProgress(cut.map { part.range(of: $1).count * $1.length })
    var texts: [TextLosses] = []
    for (corpus, windows) in cut {
      job.add(corpus.name, windows)
      texts.append(try measure(corpus, windows, file, router, progress))
    }
    progress.finish()
    let found = Losses(
      model: file.path, rules: rules, compute: compute.mode, texts: texts,
      router: router?.statistics)
    guard let part = part.part, let output else { return try show(found) }
    try found.write(part, of: job, to: output)
    try PartView(
      kind: .perplexity, part: part, model: file.path, output: output,
      shares: texts.map {
        .init(name: $0.corpus, done: $0.range.count, total: $0.counts.windows)
      }
    ).show(isJSON: json.isJSON)
  }

  private func show(_ found: Losses) throws {
    if let routerPlot, let router = found.router {
      try PlainFile.write(RouterHeatMapSVG.text(of: router), to: routerPlot)
    }
    try PerplexityView(found: found).show(isJSON: json.isJSON)
  }

  /// What parts of this must agree in, but for the texts.
  private func job(_ source: any ModelSource) throws -> PartJob {
    var job = PartJob(.perplexity, toolVersion: Version.current)
    guard part.part != nil else { return job }
    try job.add("model", source)
    try job.add("base model", base.map { try GGUFFile.open($0) })
    try job.add("file of the base", baseFile.map { try BaseStates($0) })
    job.add("compute mode", compute.mode.rawValue)
    job.add("router statistics", routerStats ? "asked for" : "not asked for")
    return job
  }

  private func measure(
    _ corpus: Corpus, _ windows: EvaluationWindows, _ source: any ModelSource,
    _ router: RouterGathering?, _ progress: TextProgress
  ) throws -> TextLosses {
    let range = part.range(of: windows)
    let evaluator = try compute.evaluator(source, contextLength: windows.length)
    let kept = try baseFile.map { try BaseStates($0) }
    let run = try LossEvaluation(
      evaluator, windows, base: comparison(kept, windows), only: range)
    let writer = try saveBase.map { try BaseStatesWriter(to: $0, evaluator, windows) }
    let state = try saveState.map {
      try EvaluationState($0, evaluator, windows, base: kept, only: range)
    }
    if let state, state.isResuming { Notes.write("continuing from \(state.path)") }
    progress.begin(corpus.name)
    let clock = ContinuousClock()
    let start = clock.now
    let report = try run.run(countingRouters: router, keeping: writer, state: state) {
      progress.update($0)
    }
    try writer?.finish()
    state?.remove()
    return TextLosses(
      corpus: corpus.name, counts: WindowCounts(windows), range: range, report: report,
      seconds: (clock.now - start) / .seconds(1))
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
