// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Writes a model with its experts laid out otherwise, or with fewer of them.
struct SplitExperts: AsyncParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Split experts into a tensor each, merge them, or remove some.",
    usage: "gguf-tool split-experts <in> <out> [<options>]",
    discussion: """
      Copies bytes without decoding: splitting and merging again restores the file. Without options, \
      every expert gets its own tensor, which this tool's evaluator reads and llama.cpp does not. \
      The same command continues an interrupted run.

      Example: gguf-tool split-experts model.gguf model-6-experts.gguf --keep '*:0-5'
      """)

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "in"),
    completion: .model)
  var input: String

  @Argument(
    help: ArgumentHelp("The file to write.", valueName: "out"),
    completion: .file())
  var output: String

  @OptionGroup var expertOptions: ExpertOptions
  @OptionGroup var splitOptions: SplitOptions
  @OptionGroup var shardOptions: ShardOptions

  @Flag(help: "Show what would be written, with exact sizes, and stop.")
  var dryRun = false

  @Flag(help: "Discard the unfinished output of an earlier run and start over.")
  var restart = false

  @OptionGroup var threadOptions: ThreadOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var jsonOption: JSONOption

  static let settings = ExpertOptions.settings.merging([.unfinishedOutput: .restart]) { $1 }

  func validate() throws {
    guard !expertOptions.shardExperts || !splitOptions.isGiven else {
      throw ValidationError(
        "--shard-experts cannot be combined with other options that split the output.")
    }
  }

  func run() async throws {
    let source = try GGUFFile.open(input, requiring: dryRun ? .headerOnly : .complete)
    let all =
      expertOptions.shardExperts
      ? .expertsApart(output) : try splitOptions.naming(output, source: source)
    var plan = try ExpertPlan(source: source, job: expertOptions.job(for: source), output: all)
    try shardOptions.check(plan.plan, importance: nil)
    let summary =
      try dryRun
      ? PlanSummary(of: plan.plan, importance: nil, only: shardOptions.shard) : nil
    if let shard = shardOptions.shard { plan.narrow(toFile: shard.number - 1) }
    let naming = shardOptions.naming(all, plan.plan)
    let view = SplitExpertsView(plan: plan, isJSON: jsonOption.isJSON)
    view.warn()
    if let summary { return try view.show(summary: summary) }
    try plan.plan.checkPaths(naming, importance: nil)
    let job = PlanRun(output: naming.path, restart: restart, threads: threadOptions.count)
    let outcome = try await job.run(plan.plan, naming, importance: nil, "copying")
    try view.show(outcome.report, outcome.time)
  }
}
