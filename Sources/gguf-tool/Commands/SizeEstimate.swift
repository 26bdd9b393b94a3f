// SPDX-License-Identifier: MIT
import ArgumentParser
import Quant

/// Says how large a model is, whether it fits, and how fast it will be.
struct SizeEstimate: ParsableCommand, SettingOptions {
  static let configuration = CommandConfiguration(
    abstract: "Estimate the size, memory use and speed of a model.",
    usage: "gguf-tool size-estimate [<file>] [<options>]",
    discussion: """
      Reads only the header, and of a split model the shards that are there. Shows the exact size, as is or in any preset or recipe, and the memory \
      needed on each device; with --vram or --ram, whether it fits and with which flags; with \
      --bandwidth, tokens per second. Takes the flags that it prints. Docs/Memory.md explains the \
      figures.

      Example: gguf-tool size-estimate model.gguf --type Q4_K_M --vram 16GiB --ram 64GiB

      Example: gguf-tool size-estimate model.gguf --vram 16GiB --backend vulkan

      Example: gguf-tool size-estimate -m model.gguf --vram 16GiB -c 8k -ngl all -ctk q8_0 -fa on \
      -ot 'ffn_up=CPU,ffn_down=CPU'
      """)

  @OptionGroup(title: "Model") var target: SizeTargetOptions
  @OptionGroup(title: "Run") var runtime: RuntimeOptions
  @OptionGroup(title: "Memory and placement") var memory: BudgetOptions
  @OptionGroup var json: JSONOption

  static let settings = SizeTargetOptions.settings
    .merging(RuntimeOptions.settings) { $1 }
    .merging(BudgetOptions.settings) { $1 }

  func validate() throws {
    if runtime.backend == .cpu, let vram = memory.vram {
      throw ValidationError("--backend cpu has no GPU: expected no --vram, found \"\(vram)\".")
    }
    guard runtime.runtime == .ollama else { return }
    guard memory.layers == nil, !memory.cpuMoE, memory.nCpuMoE == nil, memory.overrideTensor.isEmpty
    else {
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
    var budget = try memory.makeBudget(
      machine, defaultMargin: isOllama ? 0 : MemoryBudget.defaultMargin)
    if runtime.backend == .cpu {
      budget?.gpus = []
      if budget?.host == nil { budget = nil }
    }
    let model = try source.model(target.makeRecipe())
    let fit = try estimate(model, budget)
    let speed = machine.map { machine in
      machine.throughput(of: model.traffic(fit.placement, options: fit.options))
    }
    let presets =
      target.allPresets
      ? try PresetSizes(budget: budget) {
        try source.model(Recipe(preset: $0))
      } options: {
        try runtime.context(for: $0)
      } : nil
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
      let rule = try memory.makeRule(budget, layerCount: model.shape.layerCount)
      rule.map { memory.warn(ofUnused: $0, in: model) }
      return MemoryFit(model, options: options, budget: budget, rule: rule)
    }
    guard (budget?.gpus.count ?? 0) <= 1 else {
      throw ValidationError("--runtime ollama-0.5.11: expected one GPU, found several in --vram.")
    }
    let options = try runtime.context(for: model)
    return try MemoryFit(
      ollama: model, options: options,
      context: runtime.ctx == nil ? OllamaProfile.defaultContext : options.context, budget: budget)
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
