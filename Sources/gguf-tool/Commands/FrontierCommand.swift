// SPDX-License-Identifier: MIT
public import ArgumentParser
import GGUF
public import Quant

extension FrontierPolicy: ExpressibleByArgument {}

/// Sweeps variants of a model: size against quality against speed.
struct FrontierCommand: AsyncParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    commandName: "frontier",
    abstract: "Measure many variants of a model by size, quality and speed.",
    usage: "gguf-tool frontier <model> --corpus <text> ... -o <page.html> [<options>]",
    discussion: """
      Tries plans for several budgets, one type for all tensors, and two precisions: n experts in few \
      bits and the others unchanged, chosen at random, by router use (least used first) and \
      by sensitivity (least sensitive first). Writes, measures and deletes each variant. The page \
      shows all variants and the Pareto front, which of them llama.cpp loads, and the recipe and the \
      commands that make each; PAGE.json holds the same.

      Example: gguf-tool frontier model.gguf --corpus text.txt --ctx 16 --budgets 8 --uniform \
      Q8_0 --experts 0,1 -o frontier.html
      Example: gguf-tool frontier model.gguf --corpus text.txt --ctx 16 --budgets 8 --uniform \
      Q8_0 --experts 0,1 -o - > frontier.html
      """)

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "model"),
    completion: .model)
  var model: String

  @OptionGroup var planning: PlanningOptions
  @OptionGroup var text: CorpusOptions

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The page to write; - for standard output, without PAGE.json.", valueName: "page.html"),
    completion: .file())
  var output: String

  @Option(
    help: ArgumentHelp("Budgets for plans, in bits per weight.", valueName: "bits"))
  var budgets = "2.25,2.5,2.75,3,3.5,4,4.5,5.5,6.5"

  @Option(help: ArgumentHelp("Types to try for all tensors at once.", valueName: "types"))
  var uniform = "IQ2_S,IQ3_XXS,IQ3_S,IQ4_XS,Q4_K,Q5_K,Q6_K,Q8_0"

  @Option(
    help: ArgumentHelp(
      "Numbers of experts in few bits, such as 0,8,16 (default: nine counts, from none to all).",
      valueName: "counts"))
  var experts: String?

  @Option(
    help: ArgumentHelp("The type of the experts in few bits.", valueName: "type"),
    completion: .types)
  var lowType = "Q4_K"

  @Option(help: ArgumentHelp("The seed of random choices.", valueName: "number"))
  var seed: UInt64 = 1

  @OptionGroup var machineOptions: MachineOptions

  @Option(
    help: ArgumentHelp(
      "How to pick a variant: quality, balanced or throughput.", valueName: "policy"))
  var policy = FrontierPolicy.balanced

  @Option(
    help: ArgumentHelp(
      "Largest rise in perplexity of the picked variant, such as 0.02 for 2 %.",
      valueName: "share"))
  var maxPerplexityIncrease: Double?

  @Option(help: ArgumentHelp("Lowest speed of the picked variant.", valueName: "speed"))
  var minTokensPerSecond: Double?

  @Option(
    help: ArgumentHelp("Largest size of the picked variant, such as 12GiB.", valueName: "size"))
  var maxSize: String?

  @OptionGroup var part: PartOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var json: JSONOption

  static let settings = PlanningOptions.settings
    .merging(CorpusOptions.settings) { $1 }
    .merging([.types: .hint(" (--types, --low-type)")]) { $1 }

  func validate() throws {
    try text.requireTexts()
    guard minTokensPerSecond == nil || machineOptions.isGiven else {
      throw ValidationError("--min-tokens-per-second needs --machine.")
    }
    guard !isPrinted || !json.isJSON else {
      throw ValidationError("--json needs -o with a file for the page.")
    }
    _ = try (
      bits(), TypeList.types(uniform, option: "--uniform"), counts(upTo: .max / 16), limits()
    )
    guard try TypeList.types(lowType, option: "--low-type").count == 1 else {
      throw ValidationError("--low-type: expected one type.")
    }
  }

  /// Whether the page goes to standard output.
  private var isPrinted: Bool { ByteStream.isStandardOutput(output) }

  func run() async throws {
    let source = try GGUFFile.open(model)
    try OutputPath.check(
      [output, FrontierView.figures(beside: output)], isNot: source,
      others: planning.files + text.files(), streamed: part.part == nil ? [output] : [])
    let importance = try planning.importance(for: source)
    let sensitivity = try planning.measured(source, importance)
    let measurer = try text.measurer(
      source, importance, compute, scratch: ByteStream.isOne(output) ? model : output)
    let sweep = try FrontierSweep(
      source, sensitivity, importance: importance, rules: planning.rules(),
      grid: grid(sensitivity),
      measurer: measurer,
      speed: machineOptions.speedModel(source), toolVersion: Version.current)
    let part = part.part
    let bar = VariantBar(
      variants: part?.members(of: sweep.pointCount).count ?? sweep.pointCount,
      writingShare: try measurer.writingShare())
    measurer.progress = bar.report
    var losses = NewLosses()
    var frontier = try await sweep.run(only: part) { step in
      Notes.write("\(step.done) of \(step.total): \(FrontierView.line(of: step.point))")
      for line in losses.lines(of: step.point) { Warnings.write(line) }
    }
    bar.finish()
    if let part { return try write(part, frontier, sweep) }
    frontier.choose(policy, try limits())
    try ResultFile.write(frontier, to: output)
    guard !isPrinted else { return }
    try FrontierView(output: output, frontier: frontier).show(isJSON: json.isJSON)
  }

  private func write(_ part: JobPart, _ frontier: Frontier, _ sweep: FrontierSweep) throws {
    var job = PartJob(.frontier, toolVersion: Version.current)
    try sweep.describe(&job)
    let limits = try limits()
    job.add("policy", "\(policy.rawValue) with \(limits.text)")
    try FrontierPart(frontier, part, of: sweep.pointCount, policy, limits)
      .write(part, of: job, to: output)
    try PartView(
      kind: .frontier, part: part, model: frontier.model, output: output,
      shares: [.init(name: "grid", done: frontier.points.count, total: sweep.pointCount)]
    ).show(isJSON: json.isJSON)
  }

  private func grid(_ sensitivity: Sensitivity) throws -> FrontierGrid {
    let all = Set(
      sensitivity.units.compactMap { unit in unit.expert.map { "\(unit.layer ?? -1):\($0)" } })
    return FrontierGrid(
      budgets: try bits(), uniformTypes: try TypeList.types(uniform, option: "--uniform"),
      expertCounts: try counts(upTo: all.count),
      lowType: try TypeList.types(lowType, option: "--low-type")[0], seed: seed)
  }

  private func limits() throws -> FrontierLimits {
    FrontierLimits(
      perplexityIncrease: maxPerplexityIncrease, tokensPerSecond: minTokensPerSecond,
      sizeBytes: try maxSize.map { try Size.bytes($0, option: "--max-size") })
  }

  private func bits() throws -> [Double] {
    try budgets.split(separator: ",").map { text in
      guard let bits = Double(text), bits > 0, bits <= 64 else {
        throw ValidationError("--budgets: expected bits such as 3.5,4, found \"\(text)\".")
      }
      return bits
    }
  }

  private func counts(upTo all: Int) throws -> [Int] {
    guard let experts else { return Set((0...8).map { $0 * all / 8 }).sorted() }
    return try experts.split(separator: ",").map { text in
      guard let count = Int(text), count >= 0, count <= all else {
        throw ValidationError(
          "--experts: expected numbers from 0 to \(all), such as 0,8,16, found \"\(text)\".")
      }
      return count
    }
  }
}
