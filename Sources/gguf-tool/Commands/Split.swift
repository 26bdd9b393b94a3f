// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Writes a model as shards.
struct Split: AsyncParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Split a model into shards.",
    usage: "gguf-tool split <in> <out> [<options>]",
    discussion: """
      Copies keys and tensors as they are. Shards are named OUT-00001-of-00003.gguf and load in \
      llama.cpp by the first of them. Without options, a shard has at most 128 tensors, as in \
      llama-gguf-split. The same command continues an interrupted run.

      Example: gguf-tool split model.gguf shards --split-max-size 4M
      Example: gguf-tool split model.gguf shards --split-max-tensors 20 --no-tensor-first-split --dry-run
      """)

  /// llama-gguf-split's own default.
  private static let usualTensors = 128

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "in"),
    completion: .model)
  var input: String

  @Argument(
    help: ArgumentHelp("The beginning of the shards' names.", valueName: "out"),
    completion: .file())
  var output: String

  @OptionGroup var rule: SplitRuleOptions

  @Flag(help: "Show what would be written, with exact sizes, and stop.")
  var dryRun = false

  @Flag(help: "Discard the unfinished output of an earlier run and start over.")
  var restart = false

  @OptionGroup var threadOptions: ThreadOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var jsonOption: JSONOption

  static let settings: [QuantError.Setting: SettingWords] = [.unfinishedOutput: .restart]

  func run() async throws {
    let source = try GGUFFile.open(input, requiring: dryRun ? .headerOnly : .complete)
    let usual = SplitRule(
      .maxTensors(Self.usualTensors), firstHasNoTensors: rule.noTensorFirstSplit)
    let job = CopyJob(
      source: source, output: .split(output, try rule.rule() ?? usual), isDry: dryRun,
      restart: restart, threads: threadOptions.count, isJSON: jsonOption.isJSON)
    try await job.run("splitting")
  }
}
