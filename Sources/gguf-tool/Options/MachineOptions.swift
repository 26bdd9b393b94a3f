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
      "The machine to predict speeds for: names such as rtx4090+ryzen-ddr5 (size-estimate --machines"
        + " lists them), a file, or GB/s such as cpu=51,gpu=288,pcie=25.",
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
      try MachineArgument.machine(machine),
      missing: missingExperts == .cpu ? .computedOnCPU : .fetched,
      usedExperts: used)
  }
}

/// A machine as an option names it.
enum MachineArgument {
  /// A machine from a file, from pairs such as `cpu=51,gpu=288`, or by names such as
  /// `rtx4090+ryzen-ddr5`.
  ///
  /// Throws `ValidationError` for what is none of them.
  static func machine(_ text: String, option: String = "--machine") throws -> Machine {
    guard !Disk.exists(text) else {
      return try Machine(description: TextFile.read(text), file: text)
    }
    do throws(QuantError) {
      guard !text.contains("=") else { return try Machine(pairs: text, option: option) }
      return try Machine(names: text, option: option)
    } catch {
      throw ValidationError(error.description)
    }
  }
}
