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
      --machine, tokens per second. The first three lines answer which presets fit and which one to \
      take. Takes the flags that it prints. The exit code is 2 where the model as given does not fit. \
      Docs/Memory.md explains the figures.

      Example: gguf-tool size-estimate model.gguf --machine rtx4090+ryzen-ddr5 --ram 64GiB

      Example: gguf-tool size-estimate model.gguf --type Q4_K_M --vram 16GiB --ram 64GiB

      Example: gguf-tool size-estimate model.gguf --vram 16GiB --draft model.gguf --ctx-checkpoints 8 \
      --plot memory.svg

      Example: gguf-tool size-estimate model.gguf --vram 16GiB --backend vulkan

      Example: gguf-tool size-estimate -m model.gguf --vram 16GiB -c 8k -ngl all -ctk q8_0 -fa on \
      -ot 'ffn_up=CPU,ffn_down=CPU'
      """)

  @OptionGroup(title: "Model") var target: SizeTargetOptions
  @OptionGroup(title: "Run") var runtime: RuntimeOptions
  @OptionGroup(title: "Memory and placement") var memory: BudgetOptions
  @OptionGroup(title: "Beside the model") var beside: BesideOptions

  @Option(
    help: ArgumentHelp(
      "Draw memory against context for several types, with the line of the card: a picture (.svg) or a"
        + " page (.html).", valueName: "file"),
    completion: .file(extensions: ["svg", "html"]))
  var plot: String?

  @OptionGroup var json: JSONOption

  static let settings = SizeTargetOptions.settings
    .merging(RuntimeOptions.settings) { $1 }
    .merging(BudgetOptions.settings) { $1 }

  func validate() throws {
    if let plot, ![".svg", ".html", ".htm"].contains(where: plot.lowercased().hasSuffix) {
      throw ValidationError(
        "--plot: expected a name that ends in .svg or .html, found \"\(plot)\".")
    }
    if runtime.backend == .cpu, let vram = memory.vram {
      throw ValidationError("--backend cpu has no GPU: expected no --vram, found \"\(vram)\".")
    }
    guard runtime.runtime == .ollama else { return }
    guard !beside.isGiven else {
      throw ValidationError(
        "--runtime ollama-0.5.11 has formulas of its own: expected no --mmproj, --draft, --lora or"
          + " --ctx-checkpoints.")
    }
    guard memory.layers == nil, !memory.cpuMoE, memory.nCpuMoE == nil, memory.overrideTensor.isEmpty
    else {
      throw ValidationError("--runtime ollama-0.5.11 chooses layers itself: expected no placement.")
    }
    guard runtime.parallel == nil else {
      throw ValidationError("--runtime ollama-0.5.11 chooses --parallel itself: expected none.")
    }
  }

  /// The exit code of a model that does not fit.
  static let doesNotFit = ExitCode(2)

  func run() throws {
    guard !target.machines else { return try MachineList.write(asJSON: json.isJSON) }
    let source = try target.open()
    try OutputPath.check([plot], reading: source.files + beside.files)
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
    let speed = machine.map(fit.speed)
    let all = try allPresets(source, fit, budget, machine)
    let view = SizeEstimateView(
      fit: fit, speed: speed, answer: try answer(source, fit, speed, machine, all),
      allPresets: all, runtime: runtime.runtime)
    try draw(fit, isWhole: source.isUnquantized && !target.hasTypes)
    json.isJSON ? try JSONOutput.write(SizeEstimateJSON(view)) : try view.write()
    guard fit.verdict != .doesNotFit else { throw Self.doesNotFit }
  }

  private func allPresets(
    _ source: SizeTarget, _ fit: MemoryFit, _ budget: MemoryBudget?, _ machine: Machine?
  ) throws -> PresetSizes? {
    guard target.allPresets else { return nil }
    return try PresetSizes(budget: budget, machine: machine, options: fit.options) {
      try source.model(Recipe(preset: $0))
    }
  }

  /// Which presets fit, unless the types are given, or the program chooses where things go.
  private func answer(
    _ source: SizeTarget, _ fit: MemoryFit, _ speed: Throughput?, _ machine: Machine?,
    _ all: PresetSizes?
  ) throws -> SizeAnswer? {
    guard let budget = fit.budget, !target.hasTypes, !memory.isPlaced, runtime.runtime != .ollama
    else { return nil }
    let isUnquantized = source.isUnquantized
    let presets = try all ?? usualPresets(fit, budget, machine, isUnquantized)
    let choice =
      isUnquantized
      ? presets.map(PresetChoice.init) ?? .nothing : PresetChoice(quantized: fit, presets)
    return SizeAnswer(
      fit: fit, speed: speed, choice: choice, presets: presets, isUnquantized: isUnquantized)
  }

  private func usualPresets(
    _ fit: MemoryFit, _ budget: MemoryBudget, _ machine: Machine?, _ isUnquantized: Bool
  ) throws -> PresetSizes? {
    // Weights that are quantized already are kept where they fit but for layers; else only what is
    // clearly smaller is worth a thought.
    let isKept = fit.verdict == .fits || PresetSizes.Place(fit) == .expertsOutside
    guard isUnquantized || !isKept else { return nil }
    return try PresetSizes(
      usual: fit.model, budget: budget, machine: machine, options: fit.options,
      hasImportance: target.imatrix != nil,
      below: isUnquantized ? .infinity : 0.9 * fit.model.bitsPerWeight)
  }

  /// Draws the usual presets, or the model in its own types beside the smaller ones of them.
  private func draw(_ fit: MemoryFit, isWhole: Bool) throws {
    guard let plot else { return }
    let model = fit.model
    var models = isWhole ? [] : [("as it is", model)]
    for preset in PresetSizes.usual.reversed() {
      let smaller = try model.retyped(
        Recipe(preset: preset), hasImportance: target.imatrix != nil)
      if isWhole || smaller.bitsPerWeight < 0.9 * model.bitsPerWeight {
        models.append((preset.name, smaller))
      }
    }
    let gpus = fit.budget?.gpus.count ?? 0
    let contexts = MemoryCurve.contexts(of: model.shape, atLeast: fit.options.context)
    let curves = models.map {
      MemoryCurve($0.0, $0.1, options: fit.options, gpuCount: gpus, contexts: contexts)
    }
    let name = model.name.split(separator: "/").last.map(String.init) ?? model.name
    try PlainFile.write(
      MemoryPlot(model: name, curves: curves, budget: fit.budget, gpuCount: gpus).text(for: plot),
      to: plot)
  }

  private func estimate(_ model: MemoryModel, _ budget: MemoryBudget?) throws -> MemoryFit {
    guard runtime.runtime == .ollama else {
      let options = try runtime.context(for: model)
      let rule = try memory.makeRule(budget, layerCount: model.shape.layerCount)
      rule.map { memory.warn(ofUnused: $0, in: model) }
      return try MemoryFit(
        model, options: options, budget: budget, rule: rule, beside: beside.open())
    }
    guard (budget?.gpus.count ?? 0) <= 1 else {
      throw ValidationError("--runtime ollama-0.5.11: expected one GPU, found several in --vram.")
    }
    let options = try runtime.context(for: model)
    return try MemoryFit(
      ollama: model, options: options,
      context: runtime.ctx == nil ? OllamaProfile.defaultContext : options.context, budget: budget)
  }
}
