// SPDX-License-Identifier: MIT
import ArgumentParser
import Quant

/// Which memory there is, and where the model is put.
struct BudgetOptions: ParsableArguments, SettingOptions {
  @Option(
    help: ArgumentHelp(
      "Free memory of the GPU, or of each, such as 16GiB or 24GiB,24GiB (GiB: powers of 1024; GB or"
        + " G: of 1000).", valueName: "size,..."))
  var vram: String?

  @Option(help: ArgumentHelp("Memory of the host, such as 64GiB.", valueName: "size"))
  var ram: String?

  @Option(
    help: ArgumentHelp("Memory to keep free on each device (default: 1GiB).", valueName: "size"))
  var margin: String?

  @Option(
    name: [.customLong("ngl"), .customLong("gpu-layers"), .customLong("n-gpu-layers")],
    help: ArgumentHelp(
      "Evaluate a placement: layers on GPUs, with the output counted as one; or all, or auto to look"
        + " for a placement.", valueName: "count"))
  var layers: GPULayers?

  @Option(
    name: .customLong("n-cpu-moe"),
    help: ArgumentHelp(
      "Evaluate a placement: the experts of the first layers in host memory.",
      valueName: "count"))
  var nCpuMoE: Int?

  @Flag(
    name: .customLong("cpu-moe"), help: "Evaluate a placement: all experts in host memory.")
  var cpuMoE = false

  @Option(
    name: [.customLong("override-tensor")],
    help: ArgumentHelp(
      "Evaluate a placement: tensors on this device, as in 'ffn_up_exps=CPU' or"
        + " 'blk\\.3\\.=CUDA1'; several with commas between them, and repeatable.",
      valueName: "regex=device"))
  var overrideTensor: [String] = []

  @Option(
    help: ArgumentHelp("Shares of the layers for each GPU, such as 3,1.", valueName: "shares"))
  var tensorSplit: String?

  @Option(
    help: ArgumentHelp(
      "The machine: names such as rtx4090+ryzen-ddr5 (--machines lists them), a description in a file"
        + " (Docs/Memory.md), or GB/s as in --bandwidth.",
      valueName: "machine"),
    completion: .file())
  var machine: String?

  @Option(
    help: ArgumentHelp(
      "Bandwidths in GB/s to predict speed, such as cpu=51,gpu=288,pcie=25.",
      valueName: "device=GB/s,..."))
  var bandwidth: String?

  static let settings: [QuantError.Setting: SettingWords] = [
    .tensorPlacement: .option("--override-tensor")
  ]

  func validate() throws {
    guard machine == nil || bandwidth == nil else {
      throw ValidationError("--machine and --bandwidth both describe the machine: expected one.")
    }
    if let nCpuMoE, !(0...GPULayers.most).contains(nCpuMoE) {
      throw ValidationError(
        "--n-cpu-moe: expected a number from 0 to \(GPULayers.most), found \(nCpuMoE).")
    }
    if case .wrong(let text) = layers {
      throw ValidationError(
        "--ngl: expected a number from 0 to \(GPULayers.most), all or auto, found \"\(text)\".")
    }
    guard !isPlaced || vram != nil || machine != nil else {
      throw ValidationError("\(Self.placing) need --vram or --machine.")
    }
  }

  private static let placing =
    "--ngl, --n-cpu-moe, --cpu-moe, --override-tensor and --tensor-split"

  /// Whether anything is said of where the model is put.
  var isPlaced: Bool {
    layers?.isGiven ?? false || nCpuMoE != nil || cpuMoE || !overrideTensor.isEmpty
      || tensorSplit != nil
  }

  /// The machine, if one is described.
  func makeMachine() throws -> Machine? {
    if let machine { return try MachineArgument.machine(machine) }
    return try bandwidth.map { try Machine(pairs: $0, option: "--bandwidth") }
  }

  /// What may be used; `nil` if nothing is said.
  func makeBudget(_ machine: Machine?, defaultMargin: Int) throws -> MemoryBudget? {
    let gpus =
      try vram.map { try Size.gpus($0, option: "--vram") }
      ?? machine?.gpus.compactMap(\.memoryBytes) ?? []
    try Size.checkGPUs(gpus, option: "--machine")
    let host = try ram.map { try Size.bytes($0, option: "--ram") } ?? machine?.cpu.memoryBytes
    guard !gpus.isEmpty || host != nil else { return nil }
    let margin = try self.margin.map { try Size.bytes($0, option: "--margin", least: 0) }
    return MemoryBudget(gpus: gpus, host: host, margin: margin ?? defaultMargin)
  }

  /// The placement that is given, for a model of some layers; `nil` to look for one.
  func makeRule(_ budget: MemoryBudget?, layerCount: Int) throws -> PlacementRule? {
    guard isPlaced else { return nil }
    let gpus = budget?.gpus ?? []
    guard !gpus.isEmpty else {
      throw ValidationError("\(Self.placing) need GPUs: expected --vram.")
    }
    var rule = PlacementRule(gpuCount: gpus.count, gpuLayers: layers?.count)
    rule.split = try tensorSplit.map(Self.parts) ?? gpus.map(Double.init)
    rule.overrides = try overrideTensor.flatMap(Self.rules).map {
      try Self.override($0, gpus.count)
    }
    if let count = cpuMoE ? layerCount : nCpuMoE {
      // All layers are written in one way, whatever number said so.
      rule.overrides.append(.expertsOfFirstLayers(count < layerCount ? count : GPULayers.most))
    }
    return rule
  }

  /// Warns of what no tensor of a model follows: a slip in a name, most likely.
  func warn(ofUnused rule: PlacementRule, in model: MemoryModel) {
    let unused = rule.overrides.filter { !$0.matchesAny(of: model) }
    let written = overrideTensor.flatMap(Self.rules)
    for override in unused where written.contains(where: { $0.hasPrefix(override.pattern + "=") }) {
      Warnings.write("--override-tensor: \(override.pattern) matches no tensor")
    }
    if model.tensors.allSatisfy({ !$0.isOfExperts }), cpuMoE || nCpuMoE ?? 0 > 0 {
      Warnings.write("\(cpuMoE ? "--cpu-moe" : "--n-cpu-moe"): the model has no experts")
    }
  }

  /// `A=CPU,B=CUDA0` as its rules. A comma within a pattern stays: no `=` comes before it.
  private static func rules(_ text: String) -> [String] {
    var rules: [String] = []
    var open = ""
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      open += (open.isEmpty ? "" : ",") + part
      guard part.contains("=") else { continue }
      rules.append(open)
      open = ""
    }
    return open.isEmpty && !rules.isEmpty ? rules : rules + [open]
  }

  private static func parts(_ text: String) throws -> [Double] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let value = Double(part), value >= 0, value < 1e9 else {
        throw ValidationError("--tensor-split: expected numbers such as 3,1, found \"\(text)\".")
      }
      return value
    }
  }

  private static func override(_ text: String, _ gpus: Int) throws -> PlacementRule.Override {
    guard let sign = text.lastIndex(of: "="), sign != text.startIndex else {
      throw ValidationError("--override-tensor: expected REGEX=DEVICE, found \"\(text)\".")
    }
    let name = text[text.index(after: sign)...].uppercased()
    let number = name.drop { !$0.isNumber }
    let isGPU = ["CUDA", "ROCM", "VULKAN", "GPU", "METAL", "MTL"].contains(
      name.prefix { !$0.isNumber })
    let device: MemoryDevice? =
      name == "CPU" ? .host : isGPU ? .gpu(number.isEmpty ? 0 : Int(number) ?? .max) : nil
    guard let device, device == .host || (0..<gpus).contains(where: { device == .gpu($0) }) else {
      throw ValidationError(
        "--override-tensor: expected CPU or CUDA0 to CUDA\(gpus - 1) after the \"=\", found"
          + " \"\(name)\".")
    }
    return try .init(pattern: String(text[..<sign]), device: device)
  }
}

/// Layers on GPUs, as llama.cpp's `-ngl` has them.
enum GPULayers: ExpressibleByArgument {
  /// More than any model has.
  static let most = 100_000

  case number(Int)
  /// All of them, the output too.
  case all
  /// As many as fit, as if nothing were said.
  case auto
  /// Neither a number nor a word that stands for one.
  case wrong(String)

  init(argument: String) {
    switch (argument.lowercased(), Int(argument)) {
    case ("all", _): self = .all
    // llama.cpp prints -1 where nothing was asked for.
    case ("auto", _), ("-1", _): self = .auto
    case (_, let number?) where (0...Self.most).contains(number): self = .number(number)
    default: self = .wrong(argument)
    }
  }

  /// Whether a placement is asked for.
  var isGiven: Bool { if case .auto = self { false } else { true } }
  /// The number; `nil` for all.
  var count: Int? { if case .number(let count) = self { count } else { nil } }
}
