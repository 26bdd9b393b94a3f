// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Writes a model with its tensors in other types.
struct Requantize: AsyncParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Write a model with its tensors in other types.",
    discussion: """
      The output is renamed into place only when complete. An interrupted run leaves OUT.partial and \
      OUT.journal; the same command continues from there.

      Example: gguf-tool requantize model.gguf model-Q4_K_M.gguf --type Q4_K_M
      Example: gguf-tool requantize model.gguf model-F16.gguf --type F16 --strict --quiet
      Example: gguf-tool requantize model.gguf model-IQ3_M.gguf --type IQ3_M --imatrix imatrix.gguf --dry-run
      Example: gguf-tool requantize model.gguf mixed.gguf --type Q4_K_M --tensor-type 'ffn_down=Q6_K' \
      --override-kv general.name=str:Mixed
      Example: gguf-tool requantize model.gguf model-Q4_K_M.gguf --type Q4_K_M \
      --calibrate text.txt --ctx 16
      """)

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "in"),
    completion: .model)
  var input: String

  @Argument(
    help: ArgumentHelp("The file to write.", valueName: "out"),
    completion: .file())
  var output: String

  @OptionGroup var recipeOptions: RecipeOptions

  @Option(
    help: ArgumentHelp(
      "An importance matrix (GGUF or .dat) to weight errors with.", valueName: "file"),
    completion: .imatrix)
  var imatrix: String?

  @OptionGroup var calibrationOptions: CalibrationOptions
  @OptionGroup var splitOptions: SplitOptions
  @OptionGroup var shardOptions: ShardOptions

  @Flag(help: "Show what would be written, with every tensor and exact sizes, and stop.")
  var dryRun = false

  @Flag(help: "Discard the unfinished output of an earlier run and start over.")
  var restart = false

  @Flag(
    help: ArgumentHelp(
      "Make it an error, with nothing written, if weights are larger or smaller than their new type can"
        + " hold, if no program loads the type, or if removed layers change what others are by their"
        + " number."))
  var strict = false

  @OptionGroup var threadOptions: ThreadOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var jsonOption: JSONOption

  static let settings = RecipeOptions.settings.merging([
    .importance: .hint(": pass one with --imatrix, or pass --allow-missing-imatrix"),
    .unfinishedOutput: .restart,
    .windowCount: .hint(" (--chunks)"),
    .windowLength: .hint(" (--ctx)"),
    .calibration: .hint(" (--calibrate)"),
  ]) { $1 }

  func validate() throws {
    // Only where experts get another type is anything encoded.
    guard imatrix == nil || recipeOptions.type?.uppercased() != "COPY" || recipeOptions.promote
    else {
      throw ValidationError("--type COPY encodes nothing: expected no --imatrix.")
    }
    guard calibrationOptions.calibrate.isEmpty || shardOptions.shard == nil else {
      throw ValidationError(
        "--calibrate needs the layers before a shard as they are quantized: expected no --shard.")
    }
    guard recipeOptions.missingType == nil || imatrix != nil else {
      throw ValidationError("--missing-type is for layers that a matrix lacks: expected --imatrix.")
    }
  }

  func run() async throws {
    let source = try GGUFFile.open(input, requiring: dryRun ? .headerOnly : .complete)
    let importance = try imatrix.map { try ImportanceMatrix.read($0) }
    let all = try splitOptions.naming(output, source: source)
    let texts = try calibrationOptions.files()
    if !texts.isEmpty { try OutputPath.check([output], isNot: source, others: texts) }
    let calibration = try calibrationOptions.request(source, threads: threadOptions.count)
    var plan = try RequantizePlan(
      source: source, recipe: recipeOptions.makeRecipe(), importance: importance,
      calibration: calibration?.origin, output: all, toolVersion: Version.current)
    try shardOptions.check(plan.plan, importance: importance)
    let summary =
      try dryRun
      ? PlanSummary(of: plan.plan, importance: importance, only: shardOptions.shard) : nil
    if let shard = shardOptions.shard { plan.narrow(toFile: shard.number - 1) }
    let naming = shardOptions.naming(all, plan.plan)
    let view = RequantizeView(plan: plan, isJSON: jsonOption.isJSON)
    try view.warn(isStrict: strict)
    if let summary { return try view.showPlan(summary) }
    try plan.check()
    try plan.plan.checkPaths(naming, importance: importance)
    let job = PlanRun(
      output: naming.path, restart: restart, threads: threadOptions.count, isStrict: strict)
    try await view.showReport(
      job.run(
        plan.plan, naming, importance: importance, "requantizing", calibration: calibration))
  }
}

/// The text that a model is calibrated with while it is quantized.
struct CalibrationOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Choose codes so that the model's outputs on these texts stay right: wikitext2, ptb or c4, or"
        + " files and folders. It takes longer, and the file is as large.",
      valueName: "text"),
    completion: .file())
  var calibrate: [String] = []

  @Option(
    name: [.customShort("c"), .long, .customLong("ctx-size")],
    help: ArgumentHelp(
      "Tokens per window of calibration (default: 512).", valueName: "count"),
    transform: TokenCount.parse)
  var ctx: Int?

  @Option(
    help: ArgumentHelp(
      "Calibrate with at most this many windows of each text (default: 256).", valueName: "count"))
  var chunks: Int?

  @Option(
    help: ArgumentHelp(
      "Memory for calibrating, such as 4GiB (default: half of the free memory).",
      valueName: "size"))
  var memory: String?

  /// Tokens of a window.
  private static let windowLength = 512
  private static let usualCount = 256

  func validate() throws {
    _ = try memory.map { try Size.bytes($0, option: "--memory") }
    guard calibrate.isEmpty, ctx != nil || chunks != nil || memory != nil else { return }
    throw ValidationError("--ctx, --chunks and --memory are for calibrating: expected --calibrate.")
  }

  private func corpora() throws -> [Corpus] { try calibrate.map { try Corpus.named($0) } }

  /// All files of the texts, which no output may replace.
  func files() throws -> [String] { try corpora().flatMap(\.files) }

  /// What is wanted; `nil` for no calibration.
  func request(_ source: any ModelSource, threads: Int) throws -> CalibrationRequest? {
    guard !calibrate.isEmpty else { return nil }
    let tokenizer = try Tokenizer(source)
    for warning in tokenizer.warnings { Warnings.write("\(source.path): \(warning)") }
    let texts = try corpora()
    let length = try TokenCount.context(ctx, of: source) ?? Self.windowLength
    let windows = try texts.map {
      try EvaluationWindows(
        of: $0, tokenizer, .llama, length: length, limit: chunks ?? Self.usualCount)
    }
    let bytes = try memory.map { try Size.bytes($0, option: "--memory") } ?? FreeMemory.bytes / 2
    return try CalibrationRequest(
      EvaluationWindows(joining: windows), datasets: texts.flatMap(\.files),
      options: EvaluationOptions(threads: threads, memoryBytes: bytes))
  }
}
