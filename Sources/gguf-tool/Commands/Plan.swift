// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Chooses a type for every part of a model.
struct Plan: AsyncParsableCommand, SettingOptions, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Choose a type for every expert and tensor, by measured damage.",
    usage: "gguf-tool plan <model> --target-size <size> [<options>]",
    discussion: """
      Minimizes the expected divergence for a given size, or the size for a given divergence. The \
      recipe is an editable text file for requantize --recipe. With --verify, writes and measures the \
      plan, one type for all tensors, and the largest preset that fits, and keeps the best.

      Example: gguf-tool plan model.gguf --target-bpw 8 -o model.recipe
      """)

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "model"),
    completion: .model)
  var model: String

  @OptionGroup var planning: PlanningOptions

  @Option(
    help: ArgumentHelp(
      "Largest size of the file, such as 12GiB or 12G (powers of 1000).",
      valueName: "size"))
  var targetSize: String?

  @Option(help: ArgumentHelp("Largest number of bits per weight.", valueName: "bits"))
  var targetBpw: Double?

  @Option(
    help: ArgumentHelp(
      "Largest divergence, in nats per token; the size is minimized. Needs --sensitivity; only --verify"
        + " holds the limit by measuring.", valueName: "nats"))
  var maxKl: Double?

  @OptionGroup(title: "To fit a GPU") var fitting: FittingOptions

  @Option(
    help: ArgumentHelp(
      "With --verify: largest rise in perplexity, such as 0.02 for 2 %.",
      valueName: "share"))
  var maxPerplexityIncrease: Double?

  @Flag(
    help: ArgumentHelp(
      "Plan for a variant that is written with requantize --calibrate: matrices suffer half as much, the"
        + " token embedding does not."))
  var calibrated = false

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The recipe to write; - for standard output, which is the default.", valueName: "file"),
    completion: .file())
  var output: String?

  @Flag(help: "Write candidates, measure them on --corpus and keep the best.")
  var verify = false

  @Option(
    help: ArgumentHelp("Also write the recipe's variant; implies --verify.", valueName: "file"),
    completion: .file())
  var modelOutput: String?

  @OptionGroup var measuring: MeasuringOptions
  @OptionGroup var compute: ComputeOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var json: JSONOption

  static let settings = PlanningOptions.settings
    .merging(FittingOptions.settings) { $1 }
    .merging(MeasuringOptions.settings) { $1 }

  private var verifies: Bool { verify || modelOutput != nil }

  func validate() throws {
    let targets = [targetSize != nil, targetBpw != nil, maxKl != nil, fitting.isGiven]
    guard targets.count(where: { $0 }) == 1 else {
      throw ValidationError(
        "Expected exactly one of --target-size, --target-bpw, --vram and --max-kl.")
    }
    if !fitting.isGiven { _ = try target() }
    guard maxKl == nil || planning.sensitivity != nil || verifies else {
      throw ValidationError(
        "--max-kl needs measured damage: expected --sensitivity with a file of gguf-tool sensitivity,"
          + " or --verify with --corpus.")
    }
    guard verifies == !measuring.corpus.isEmpty else {
      throw ValidationError("--verify and --corpus go together.")
    }
    guard !calibrated || !verifies else {
      throw ValidationError(
        "--verify writes variants without calibration: expected no --calibrated with it.")
    }
    guard maxPerplexityIncrease == nil || verifies else {
      throw ValidationError("--max-perplexity-increase needs --verify.")
    }
    guard maxPerplexityIncrease.map({ $0 > 0 && $0.isFinite }) ?? true else {
      throw ValidationError("--max-perplexity-increase: expected a number above 0.")
    }
    guard !isPrinted || !json.isJSON else {
      throw ValidationError("--json needs -o with a file for the recipe.")
    }
  }

  /// Whether the recipe goes to standard output.
  private var isPrinted: Bool { output.map(ByteStream.isStandardOutput) ?? true }

  /// Beside what variants are written while they are measured.
  private var scratch: String {
    output.flatMap { ByteStream.isOne($0) ? nil : $0 } ?? modelOutput ?? model
  }

  private func target() throws -> PlanTarget {
    if let targetSize { return .size(try Size.bytes(targetSize, option: "--target-size")) }
    if let targetBpw {
      guard targetBpw > 0, targetBpw <= 64 else {
        throw ValidationError("--target-bpw: expected bits from 0 to 64, found \(targetBpw).")
      }
      return .bitsPerWeight(targetBpw)
    }
    guard let maxKl, maxKl > 0, maxKl.isFinite else {
      throw ValidationError("--max-kl: expected a number above 0.")
    }
    return .divergence(maxKl)
  }

  func run() async throws {
    let source = try GGUFFile.open(model, requiring: verifies ? .complete : .headerOnly)
    try OutputPath.check(
      [output, modelOutput], isNot: source, others: planning.files + measuring.files(),
      streamed: [output])
    let importance = try planning.importance(for: source)
    let planner = try planning.planner(source, importance, isCalibrated: calibrated)
    if maxKl != nil, !verifies {
      Warnings.write(
        "the divergence is expected from the text of --sensitivity, and may be more on another: only"
          + " --verify holds the limit of --max-kl, by measuring")
    }
    let fitted = fitting.isGiven ? try fitting.plan(planner) : nil
    let target = try fitted.map { .size($0.byteCount) } ?? target()
    let trials = verifies ? try await trials(target, planner, importance) : []
    let plan = try trials.first?.plan ?? fitted ?? planner.plan(target)
    let view = PlanView(
      source: source, planner: planner, plan: plan, trials: trials, output: output,
      modelOutput: modelOutput)
    if let output, !isPrinted {
      try PlainFile.write(view.recipe, to: output)
    } else {
      try Output.write(view.recipe)
    }
    if let modelOutput {
      let made = try await write(plan, of: source, importance, to: modelOutput)
      let losses = LossWarnings(made.plan)
      for loss in losses.planned + losses.found(made.report) { Warnings.write(loss) }
    }
    if !isPrinted { try view.show(isJSON: json.isJSON) }
  }

  private func write(
    _ plan: PlannedTypes, of source: any ModelSource, _ importance: ImportanceMatrix?,
    to path: String
  ) async throws -> (plan: RequantizePlan, report: PlanReport) {
    let measurer = try measuring.measurer(source, importance, compute, scratch: path)
    let progress = Progress("writing \(path)")
    measurer.progress = { progress.update(to: $0.done, of: $0.total) }
    defer { progress.finish() }
    return try await measurer.write(plan.recipe, to: path)
  }

  /// All trials, the one to keep first.
  private func trials(
    _ target: PlanTarget, _ planner: ModelPlanner, _ importance: ImportanceMatrix?
  ) async throws -> [PlanTrial] {
    let source = planner.source
    let measurer = try measuring.measurer(
      source, importance, compute, scratch: scratch)
    // Trials decide whether more follow.
    let bar = VariantBar(variants: nil, writingShare: 0)
    defer { bar.finish() }
    measurer.progress = bar.report
    Notes.write("measuring the source model")
    _ = try measurer.measureSource()
    let limits = QualityLimits(divergence: maxKl, perplexityIncrease: maxPerplexityIncrease)
    let verifier = PlanVerifier(planner, measurer, limits: limits, fits: fitting.check) { trial in
      let isBack = maxKl != nil && !trial.isWithinLimits
      Notes.write(PlanView.line(of: trial) + (isBack ? ": trying a more precise one" : ""))
    }
    if case .divergence(let limit) = target {
      return try kept(
        try await verifier.verify(divergence: limit), "no plan is within the limits")
    }
    let bytes = planner.fileBytes(of: target)
    return try kept(
      try await verifier.verify(fileBytes: bytes),
      "no plan of this size is within the limits: allow more bytes")
  }

  /// The trials, if the first of them keeps to the limits.
  private func kept(_ trials: [PlanTrial], _ failure: String) throws -> [PlanTrial] {
    guard let first = trials.first, first.isWithinLimits else {
      throw QuantError.unsupported(
        "\(failure); the best was " + (trials.first.map(PlanView.line) ?? "nothing"))
    }
    return trials
  }
}
