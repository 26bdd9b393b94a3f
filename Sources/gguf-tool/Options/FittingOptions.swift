// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// The GPU that a plan must fit, with caches and buffers.
struct FittingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "As large as fits the free memory of a GPU, or of several: 16GiB or 24GiB,24GiB.",
      valueName: "size,..."))
  var vram: String?

  @Option(
    help: ArgumentHelp("With --vram: what stays free on each (default: 1GiB).", valueName: "size"))
  var margin: String?

  @Option(
    name: [.customShort("c"), .customLong("ctx"), .customLong("ctx-size")],
    help: ArgumentHelp(
      "With --vram: tokens of context (default: what the model was made for, at most 8192).",
      valueName: "count"))
  var ctx: Int?

  /// Whether a GPU is given.
  var isGiven: Bool { vram != nil }

  func validate() throws {
    guard isGiven || (margin == nil && ctx == nil) else {
      throw ValidationError("--margin and --ctx belong to --vram.")
    }
    _ = try vram.map(sizes)
  }

  /// The best plan that fits with everything on the GPUs.
  func plan(_ planner: ModelPlanner) throws -> PlannedTypes {
    let margin = try margin.map { try Size.exact($0, option: "--margin") }
    let budget = MemoryBudget(
      gpus: try sizes(vram ?? ""), margin: margin ?? MemoryBudget.defaultMargin)
    var options = ContextOptions(context: ctx ?? 0)
    let found = try planner.largest { (plan) throws(QuantError) in
      let model = try MemoryModel(plan)
      options.context = ctx ?? min(model.shape.trainedContext ?? 4096, 8192)
      try options.check(for: model.shape)
      return MemoryFit.fitsWhole(model, options: options, budget: budget)
    }
    return found
  }

  private func sizes(_ text: String) throws -> [Int] {
    try text.split(separator: ",").map { try Size.exact(String($0), option: "--vram") }
  }
}
