// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// The GPU that a plan must fit, with caches and buffers.
struct FittingOptions: ParsableArguments, SettingOptions {
  @Option(
    help: ArgumentHelp(
      "Fit the free memory of one or more GPUs, such as 16GiB or 24GiB,24GiB.",
      valueName: "size,..."))
  var vram: String?

  @Option(
    help: ArgumentHelp(
      "With --vram: memory to keep free on each GPU (default: 1GiB).", valueName: "size"))
  var margin: String?

  @Option(
    name: [.customShort("c"), .customLong("ctx"), .customLong("ctx-size")],
    help: ArgumentHelp(
      "With --vram: context length, \(TokenCount.help); 0: that of the model (default: that of the"
        + " model, at most 8192).", valueName: "count"),
    transform: TokenCount.parse)
  var ctx: Int?

  static let settings: [QuantError.Setting: SettingWords] = [
    .contextLength: .option("--ctx")
  ]

  /// Whether a GPU is given.
  var isGiven: Bool { vram != nil }

  func validate() throws {
    guard isGiven || (margin == nil && ctx == nil) else {
      throw ValidationError("--margin and --ctx need --vram.")
    }
    if isGiven { _ = try budget() }
  }

  /// The best plan that fits with everything on the GPUs.
  func plan(_ planner: ModelPlanner) throws -> PlannedTypes {
    let budget = try budget()
    return try planner.largest { (plan) throws(QuantError) in try fits(plan, budget) }
  }

  /// The context length for a model; `nil` for the default.
  private func context(_ trained: Int?) throws(QuantError) -> Int {
    guard ctx == 0 else { return ctx ?? min(trained ?? 4096, 8192) }
    guard let trained else {
      throw .setting(
        .contextLength, what: "the model does not say its context length: expected a number")
    }
    return trained
  }

  /// Whether a plan fits; every plan does where no GPU is given.
  func check(_ plan: ModelPlan) -> Bool {
    guard isGiven, let budget = try? budget() else { return true }
    return (try? fits(plan, budget)) ?? false
  }

  private func budget() throws -> MemoryBudget {
    let margin = try margin.map { try Size.bytes($0, option: "--margin", least: 0) }
    return MemoryBudget(
      gpus: try Size.gpus(vram ?? "", option: "--vram"),
      margin: margin ?? MemoryBudget.defaultMargin)
  }

  private func fits(_ plan: ModelPlan, _ budget: MemoryBudget) throws(QuantError) -> Bool {
    let model = try MemoryModel(plan)
    let options = ContextOptions(context: try context(model.shape.trainedContext))
    try options.check(for: model.shape)
    return MemoryFit.fitsWhole(model, options: options, budget: budget)
  }
}
