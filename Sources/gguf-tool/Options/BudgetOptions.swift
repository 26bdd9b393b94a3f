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
    name: [.customLong("ngl"), .customLong("gpu-layers")],
    help: ArgumentHelp(
      "Evaluate a placement: layers on GPUs, with the output counted as one.", valueName: "count"))
  var ngl: Int?

  @Option(
    name: .customLong("n-cpu-moe"),
    help: ArgumentHelp(
      "Evaluate a placement: the experts of the first layers in host memory.",
      valueName: "count"))
  var cpuMoE: Int?

  @Option(
    name: [.customLong("override-tensor")],
    help: ArgumentHelp(
      "Evaluate a placement: tensors on this device, as in 'ffn_up_exps=CPU' or"
        + " 'blk\\.3\\.=CUDA1'; repeatable.", valueName: "regex=device"))
  var overrideTensor: [String] = []

  @Option(
    help: ArgumentHelp("Shares of the layers for each GPU, such as 3,1.", valueName: "shares"))
  var tensorSplit: String?

  @Option(
    help: ArgumentHelp(
      "A machine description (Docs/Memory.md): memory sizes, and bandwidths to predict speed.",
      valueName: "file"))
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
    for (option, value) in [("--ngl", ngl), ("--n-cpu-moe", cpuMoE)] {
      guard let value, !(0...100_000).contains(value) else { continue }
      throw ValidationError("\(option): expected a number from 0 to 100000, found \(value).")
    }
    let isPlaced = ngl != nil || cpuMoE != nil || !overrideTensor.isEmpty || tensorSplit != nil
    guard !isPlaced || vram != nil || machine != nil else {
      throw ValidationError(
        "--ngl, --n-cpu-moe, --override-tensor and --tensor-split need --vram or --machine.")
    }
  }

  /// The machine, if one is described.
  func makeMachine() throws -> Machine? {
    if let machine { return try Machine(description: TextFile.read(machine), file: machine) }
    return try bandwidth.map { try Machine(pairs: $0, option: "--bandwidth") }
  }

  /// What may be used; `nil` if nothing is said.
  func makeBudget(_ machine: Machine?, defaultMargin: Int) throws -> MemoryBudget? {
    let gpus =
      try vram.map { try Size.gpus($0, option: "--vram") }
      ?? machine?.gpus.compactMap(\.memoryBytes) ?? []
    try Size.checkGPUs(gpus, option: "--machine")
    let host = try ram.map { try Size.exact($0, option: "--ram") } ?? machine?.cpu.memoryBytes
    guard !gpus.isEmpty || host != nil else { return nil }
    let margin = try self.margin.map { try Size.exact($0, option: "--margin", least: 0) }
    return MemoryBudget(gpus: gpus, host: host, margin: margin ?? defaultMargin)
  }

  /// The placement that is given; `nil` to look for one.
  func makeRule(_ budget: MemoryBudget?) throws -> PlacementRule? {
    guard ngl != nil || cpuMoE != nil || !overrideTensor.isEmpty || tensorSplit != nil else {
      return nil
    }
    let gpus = budget?.gpus ?? []
    guard !gpus.isEmpty else {
      throw ValidationError(
        "--ngl, --n-cpu-moe, --override-tensor and --tensor-split need GPUs: expected --vram.")
    }
    var rule = PlacementRule(gpuCount: gpus.count, gpuLayers: ngl)
    rule.split = try tensorSplit.map(Self.parts) ?? gpus.map(Double.init)
    rule.overrides = try overrideTensor.map { try Self.override($0, gpus.count) }
    if let cpuMoE { rule.overrides.append(.expertsOfFirstLayers(cpuMoE)) }
    return rule
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
    let isGPU = ["CUDA", "ROCM", "VULKAN", "GPU", "METAL"].contains(name.prefix { !$0.isNumber })
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
