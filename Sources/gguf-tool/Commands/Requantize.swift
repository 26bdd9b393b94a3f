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
      Example: gguf-tool requantize model.gguf model-Q3_K_M.gguf --type Q3_K_M \
      --hessians hessians.gguf
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
    .calibration: .hint(" (\(CalibrationOptions.names))"),
  ]) { $1 }

  func validate() throws {
    // Only where experts get another type is anything encoded.
    guard imatrix == nil || recipeOptions.type?.uppercased() != "COPY" || recipeOptions.promote
    else {
      throw ValidationError("--type COPY encodes nothing: expected no --imatrix.")
    }
    guard !calibrationOptions.isSequential || shardOptions.shard == nil else {
      throw ValidationError(
        "--calibrate needs the layers before a shard as they are quantized: expected --one-shot with"
          + " --shard.")
    }
    guard recipeOptions.missingType == nil || imatrix != nil else {
      throw ValidationError("--missing-type is for layers that a matrix lacks: expected --imatrix.")
    }
  }

  func run() async throws {
    let source = try GGUFFile.open(input, requiring: dryRun ? .headerOnly : .complete)
    let importance = try imatrix.map { try ImportanceMatrix.read($0) }
    let all = try splitOptions.naming(output, source: source)
    let inputs = try calibrationOptions.files()
    if !inputs.isEmpty { try OutputPath.check([output], isNot: source, others: inputs) }
    let calibration = try calibrationOptions.request(
      source, threads: threadOptions.count, isHeaderOnly: dryRun)
    let recipe = try recipeOptions.makeRecipe()
    var plan = try RequantizePlan(
      source: source, recipe: recipe, importance: importance,
      calibration: calibration?.origin, output: all, toolVersion: Version.current)
    try shardOptions.check(plan.plan, importance: importance)
    let summary =
      try dryRun
      ? PlanSummary(of: plan.plan, importance: importance, only: shardOptions.shard) : nil
    if let shard = shardOptions.shard { plan.narrow(toFile: shard.number - 1) }
    let naming = shardOptions.naming(all, plan.plan)
    try plan.checkCalibration()
    let view = RequantizeView(
      plan: plan, calibration: calibration, isJSON: jsonOption.isJSON)
    try view.warn(isStrict: strict)
    view.tellExchange(from: recipe)
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
