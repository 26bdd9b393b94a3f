// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// What becomes of experts that the GPU does not hold.
enum MissingExperts: String, ExpressibleByArgument, CaseIterable {
  case fetched, cpu
}

/// The machine that speeds are predicted for.
struct MachineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The machine to predict speeds for: a file, or GB/s such as cpu=51,gpu=288,pcie=25.",
      valueName: "machine"),
    completion: .file())
  var machine: String?

  @Option(
    help: ArgumentHelp(
      "Experts outside GPU memory: fetched to the GPU, or computed on the cpu.",
      valueName: "mode"))
  var missingExperts = MissingExperts.fetched

  /// Whether there is one.
  var isGiven: Bool { machine != nil }

  /// Predicts speeds of a model's variants; `nil` without a machine.
  func speedModel(_ source: any ModelSource) throws -> SpeedModel? {
    guard let machine else { return nil }
    let used = source.metadata.model("expert_used_count")?.integer ?? 0
    return SpeedModel(
      try Self.machine(machine), missing: missingExperts == .cpu ? .computedOnCPU : .fetched,
      usedExperts: used)
  }

  /// A machine from a file, or from pairs on the command line.
  private static func machine(_ text: String) throws -> Machine {
    guard Disk.exists(text) else { return try Machine(pairs: text, option: "--machine") }
    return try Machine(description: TextFile.read(text), file: text)
  }
}
