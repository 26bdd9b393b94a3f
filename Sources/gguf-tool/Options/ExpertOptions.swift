// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// What is to become of a model's experts.
struct ExpertOptions: ParsableArguments, SettingOptions {
  @Flag(help: "Merge experts into one tensor per layer, which every program loads.")
  var merge = false

  @Option(
    help: ArgumentHelp(
      "The layout of the output: keep, merged or per-expert (default: per-expert, or keep if"
        + " experts are removed or get a shard).", valueName: "layout"))
  var layout: ExpertLayout?

  @Option(
    help: ArgumentHelp(
      "Experts to keep, such as '*:0-5' or '0,2-3:1,4'; repeatable. All layers must keep the"
        + " same number.", valueName: "layers:experts"))
  var keep: [String] = []

  @Option(
    help: ArgumentHelp(
      "Experts to remove, in the same form; repeatable.", valueName: "layers:experts"))
  var drop: [String] = []

  @Option(
    help: ArgumentHelp(
      "Keep this many experts of each layer, the best by --by.", valueName: "count"))
  var keepTop: Int?

  @Option(
    help: ArgumentHelp(
      "The ranking for --keep-top: the output of perplexity --router-stats --json, or of"
        + " sensitivity.", valueName: "file"),
    completion: .file())
  var by: String?

  @Option(
    help: ArgumentHelp(
      "Make a dense model from one expert per layer: its number, or a list with one per layer.",
      valueName: "experts"))
  var dense: String?

  @Flag(help: "Write two shards: one with the experts, one with the rest.")
  var shardExperts = false

  static let settings: [QuantError.Setting: SettingWords] = [
    .denseExperts: .option("--dense"),
    .keptExperts: .hint(" (--keep, --drop, --keep-top)"),
    .layout: .hint(
      ": gguf-tool requantize --layout merged gives them one, by a preset or by --type COPY --promote"
    ),
  ]

  func validate() throws {
    guard (keepTop == nil) == (by == nil) else {
      throw ValidationError("--keep-top and --by go together.")
    }
    guard keepTop == nil || (keep.isEmpty && drop.isEmpty) else {
      throw ValidationError("--keep-top cannot be combined with --keep or --drop.")
    }
    guard !merge || layout == nil || layout == .merged else {
      throw ValidationError("--merge means --layout merged: expected no other layout.")
    }
    let others = merge || layout != nil || hasSelection || shardExperts
    guard dense == nil || !others else {
      throw ValidationError("--dense cannot be combined with other expert options.")
    }
  }

  private var hasSelection: Bool { keepTop != nil || !keep.isEmpty || !drop.isEmpty }

  /// The job that the options describe.
  func job(for source: any ModelSource) throws -> ExpertJob {
    if let dense { return .dense(try Self.numbers(dense)) }
    let usual: ExpertLayout = hasSelection || shardExperts ? .keep : .perExpert
    return .arrange(merge ? .merged : layout ?? usual, keeping: try selection(source))
  }

  private func selection(_ source: any ModelSource) throws -> ExpertSelection? {
    guard hasSelection else { return nil }
    if let keepTop, let by { return .best(keepTop, by: try RankingFile.read(by, for: source)) }
    return .rules(
      keep: try keep.map { try Self.rule($0, "--keep") },
      drop: try drop.map { try Self.rule($0, "--drop") })
  }

  private static func rule(_ text: String, _ option: String) throws -> ExpertSelection.Rule {
    guard let rule = ExpertSelection.Rule(text) else {
      throw ValidationError(
        "\(option): expected LAYERS:EXPERTS such as *:0-5 or 0,2-3:1,4, found \"\(text)\".")
    }
    return rule
  }

  private static func numbers(_ text: String) throws -> [Int] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { NumberList($0)?.numbers }
    guard numbers.count == parts.count, numbers.allSatisfy({ $0.count == 1 }) else {
      throw ValidationError(
        "--dense: expected a number or a list such as 0,3,1, found \"\(text)\".")
    }
    return numbers.flatMap { $0 }
  }
}
