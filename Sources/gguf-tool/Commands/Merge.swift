// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Writes the shards of a model as one file.
struct Merge: AsyncParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Merge the shards of a model into one file.",
    usage: "gguf-tool merge <in> ... <out> [<options>]",
    discussion: """
      Takes any shard and finds the others beside it by their names; or takes all shards, in any \
      order and whatever they are called. Keys and tensors stay as they are: merging what was split \
      restores the file. The same command continues an interrupted run.

      Example: gguf-tool merge shards-00001-of-00003.gguf merged.gguf
      Example: gguf-tool merge shards-*.gguf merged.gguf --dry-run
      """)

  @Argument(
    help: ArgumentHelp(
      "A shard, or all of them, and last the file to write.", valueName: "in> ... <out"),
    completion: .model)
  var files: [String]

  @Flag(help: "Show what would be written, with exact sizes, and stop.")
  var dryRun = false

  @Flag(help: "Discard the unfinished output of an earlier run and start over.")
  var restart = false

  @OptionGroup var threadOptions: ThreadOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var jsonOption: JSONOption

  static let settings: [QuantError.Setting: SettingWords] = [.unfinishedOutput: .restart]

  func validate() throws {
    guard files.count >= 2 else {
      throw ValidationError("Expected a shard, or all of them, and the file to write.")
    }
    let shards = files.compactMap(SplitName.init(path:))
    guard
      shards.count < files.count || Set(shards.map(\.prefix)).count > 1
        || files.count < shards[0].count
    else {
      throw ValidationError(
        "Expected the file to write after the shards, found the shards alone.")
    }
  }

  func run() async throws {
    let inputs = files.dropLast()
    let requirement = dryRun ? GGUFFile.Requirement.headerOnly : .complete
    let source =
      try inputs.count == 1
      ? GGUFFile.open(inputs[0], requiring: requirement)
      : GGUFFile.open(
        shards: try inputs.map { try LocalFile(path: $0) }, requiring: requirement)
    if source.files.count == 1 {
      Warnings.write("\(source.path) is not split: the output is a copy")
    }
    let job = CopyJob(
      source: source, output: .single(files[files.count - 1]), isDry: dryRun, restart: restart,
      threads: threadOptions.count, isJSON: jsonOption.isJSON)
    try await job.run("merging")
  }
}
