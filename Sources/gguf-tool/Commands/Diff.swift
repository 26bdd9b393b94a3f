// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Compares two models.
struct Diff: AsyncParsableCommand, ProgressShowing, OwnFailureCode {
  static let configuration = CommandConfiguration(
    abstract: "Show how two models differ in keys and tensors.",
    usage: "gguf-tool diff <first> <second> [<options>]",
    discussion: """
      Compares keys, lists element by element, text line by line, and tensors by name, shape, type and \
      bytes. In the result - is what only the first has, + what only the second has, and ~ what both \
      have otherwise. The exit code is 0 for models that are the same, 1 for models that differ and 2 \
      for a failure.

      Example: gguf-tool diff model.gguf model.gguf --weights
      Example: gguf-tool diff model.gguf model.gguf --no-data --json
      """)

  @Argument(
    help: ArgumentHelp("A model, or any shard of it.", valueName: "first"),
    completion: .model)
  var first: String

  @Argument(
    help: ArgumentHelp("The model to compare it with.", valueName: "second"),
    completion: .model)
  var second: String

  @Flag(help: "Measure how far the weights of the second are from those of the first.")
  var weights = false

  @Flag(help: "Compare headers alone: leave the bytes of tensors unread.")
  var noData = false

  @OptionGroup var threadOptions: ThreadOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var jsonOption: JSONOption

  /// As diff and cmp have it.
  static let failureCode: Int32 = 2
  private static let differ = ExitCode(1)

  func validate() throws {
    guard !weights || !noData else {
      throw ValidationError("--weights cannot be combined with --no-data.")
    }
  }

  func run() async throws {
    let requirement: GGUFFile.Requirement = noData ? .headerOnly : .complete
    let models = try (
      GGUFFile.open(first, requiring: requirement), GGUFFile.open(second, requiring: requirement)
    )
    let progress = Progress("comparing")
    defer { progress.finish() }
    let difference = try await difference(models.0, models.1, progress)
    let comparison = weights ? try await comparison(models.0, models.1, progress) : nil
    progress.finish()
    let view = DiffView(difference: difference, comparison: comparison, readsData: !noData)
    try view.show(isJSON: jsonOption.isJSON)
    guard difference.isEmpty else { throw Self.differ }
  }

  private func difference(
    _ first: GGUFFile, _ second: GGUFFile, _ progress: Progress
  ) async throws -> ModelDifference {
    // All bytes are read again for their weights.
    let later = weights ? second.byteCount : 0
    return try await ModelDifference(
      first, second, readsData: !noData, threads: threadOptions.count,
      begin: { progress.begin(of: $0, whole: $0 + later) }, progress: progress.advance)
  }

  /// Errors are relative to the first model's weights.
  private func comparison(
    _ first: GGUFFile, _ second: GGUFFile, _ progress: Progress
  ) async throws -> ModelComparison {
    try await ModelComparison(
      second, against: first, threads: threadOptions.count,
      begin: { progress.begin("comparing weights", of: $0, share: second.byteCount) },
      progress: progress.advance)
  }
}
