// SPDX-License-Identifier: MIT
import ArgumentParser
import Quant

/// Says how large a model is, whether it fits, and how fast it will be.
struct SizeEstimate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say how large a model is, whether it fits, and how fast.",
    usage: "gguf-tool size-estimate [<file>] [<options>]",
    discussion: """
      From the header alone: the size to the byte, as it is or in any preset or recipe; memory on \
      each device; with --vram or --ram whether it fits, and the flags to paste; with --bandwidth \
      tokens a second. Docs/Memory.md tells what the figures rest on.

      Example: gguf-tool size-estimate model.gguf --type Q4_K_M --vram 16GiB --ram 64GiB
      """)

  @OptionGroup(title: "Model") var target: SizeTargetOptions
  @OptionGroup(title: "Run") var runtime: RuntimeOptions
  @OptionGroup(title: "Memory and placement") var memory: BudgetOptions
  @OptionGroup var json: JSONOption

  func validate() throws {
    guard runtime.runtime == .ollama else { return }
    guard memory.ngl == nil, memory.cpuMoE == nil, memory.overrideTensor.isEmpty else {
      throw ValidationError("--runtime ollama-0.5.11 chooses layers itself: expected no placement.")
    }
    guard runtime.parallel == nil else {
      throw ValidationError("--runtime ollama-0.5.11 chooses --parallel itself: expected none.")
    }
  }

  func run() throws {
    let source = try target.open()
    let machine = try memory.makeMachine()
    // Ollama keeps room by its own formulas.
    let isOllama = runtime.runtime == .ollama
    let budget = try memory.makeBudget(
      machine, defaultMargin: isOllama ? 0 : MemoryBudget.defaultMargin)
    let model = try source.model(target.makeRecipe())
    let fit = try estimate(model, budget)
    let speed = machine.map { machine in
      machine.throughput(of: model.traffic(fit.placement, options: fit.options))
    }
    let presets =
      target.allPresets
      ? try PresetSizes(source, budget: budget) { try runtime.context(for: $0) } : nil
    let view = SizeEstimateView(
      fit: fit, speed: speed, presets: presets,
      largestPreset: try presets.map { $0.largest?.preset.name ?? "none" }
        ?? largestPreset(source, fit, budget),
      runtime: runtime.runtime)
    json.isJSON ? try JSONOutput.write(SizeEstimateJSON(view)) : try view.write()
  }

  private func estimate(_ model: MemoryModel, _ budget: MemoryBudget?) throws -> MemoryFit {
    guard runtime.runtime == .ollama else {
      let options = try runtime.context(for: model)
      return MemoryFit(model, options: options, budget: budget, rule: try memory.makeRule(budget))
    }
    return try OllamaRun(model, runtime: runtime, budget: budget).fit
  }

  /// The largest preset that fits, where one is to be proposed: with a budget, and from weights in full
  /// precision.
  private func largestPreset(
    _ source: SizeTarget, _ fit: MemoryFit, _ budget: MemoryBudget?
  ) throws -> String? {
    guard let budget, source.isUnquantized, runtime.runtime != .ollama else { return nil }
    let preset = try source.model(nil).largestPreset(
      options: fit.options, budget: budget, hasImportance: target.imatrix != nil)
    return preset?.name ?? "none"
  }
}

/// A model as Ollama 0.5.11 would run it.
private struct OllamaRun {
  let fit: MemoryFit

  /// - Throws: `ValidationError` for several GPUs; `QuantError.estimate` for other architectures.
  init(_ model: MemoryModel, runtime: RuntimeOptions, budget: MemoryBudget?) throws {
    guard (budget?.gpus.count ?? 0) <= 1 else {
      throw ValidationError("--runtime ollama-0.5.11: expected one GPU, found several in --vram.")
    }
    var options = try runtime.context(for: model)
    let decision = try OllamaProfile(model).decision(
      freeBytes: budget?.gpus.first, context: runtime.ctx ?? OllamaProfile.defaultContext)
    options.context = decision.context
    options.batch = 512
    options.sequences = decision.sequences
    options.isUnified = true
    options.usesFlashAttention = false
    try options.check(for: model.shape)
    var rule = PlacementRule(
      gpuCount: budget?.gpus.count ?? 0, gpuLayers: decision.gpuLayers)
    rule.order = .outputLast
    fit = MemoryFit(model, options: options, budget: budget, rule: rule)
  }
}

/// The size of a model in every preset, and whether it fits.
struct PresetSizes {
  /// One preset.
  struct Row {
    let preset: FileType
    let fileBytes: Int
    let bitsPerWeight: Double
    /// Whether all of it fits the GPUs, or without GPUs the host; `nil` without a budget.
    let fitsWhole: Bool?
  }

  /// The presets, the smallest first.
  let rows: [Row]

  /// - Complexity: One plan and one estimate a preset.
  init(
    _ source: SizeTarget, budget: MemoryBudget?, options: (MemoryModel) throws -> ContextOptions
  ) throws {
    rows = try FileType.all.map { preset in
      let model = try source.model(Recipe(preset: preset))
      let fits = try budget.map {
        MemoryFit.fitsWhole(model, options: try options(model), budget: $0)
      }
      return Row(
        preset: preset, fileBytes: model.fileBytes ?? model.tensorBytes,
        bitsPerWeight: Double(model.tensorBytes) * 8 / Double(max(1, model.weightCount)),
        fitsWhole: fits)
    }.sorted { $0.fileBytes < $1.fileBytes }
  }

  /// The largest that fits.
  var largest: Row? { rows.last { $0.fitsWhole == true } }
}
