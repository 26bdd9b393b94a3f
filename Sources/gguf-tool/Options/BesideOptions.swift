// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// What else sits in memory while the model runs.
struct BesideOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The projector for images or sound, on the first GPU; its header is enough.",
      valueName: "file"),
    completion: .file(extensions: ["gguf"]))
  var mmproj: String?

  @Option(
    name: [.customLong("draft"), .customLong("model-draft")],
    help: ArgumentHelp(
      "A draft model for speculative decoding, on the GPUs with a cache for the same context; mtp for"
        + " the model's own layers that predict further tokens.", valueName: "file"),
    completion: .file(extensions: ["gguf"]))
  var draft: String?

  @Option(
    help: ArgumentHelp("A LoRA adapter; repeatable.", valueName: "file"),
    completion: .file(extensions: ["gguf"]))
  var lora: [String] = []

  @Option(
    name: [.customLong("ctx-checkpoints"), .customLong("swa-checkpoints")],
    help: ArgumentHelp(
      "Count this many context checkpoints of llama-server for each sequence, in host memory"
        + " (its own default: \(BesideModel.usualCheckpoints)).", valueName: "count"))
  var ctxCheckpoints: Int?

  /// What stands for the model's own layers in place of a file.
  private static let ownLayers = "mtp"
  private var draftFile: String? { draft == Self.ownLayers ? nil : draft }

  /// Whether anything is given.
  var isGiven: Bool { mmproj != nil || draft != nil || !lora.isEmpty || ctxCheckpoints != nil }

  /// The files, for checks of outputs.
  var files: [String] { [mmproj, draftFile].compactMap(\.self) + lora }

  func validate() throws {
    guard let ctxCheckpoints, !(0...BesideModel.mostCheckpoints).contains(ctxCheckpoints) else {
      return
    }
    throw ValidationError(
      "--ctx-checkpoints: expected a number from 0 to \(BesideModel.mostCheckpoints), found"
        + " \(ctxCheckpoints).")
  }

  /// Opens what is given.
  func open() throws -> BesideModel {
    var beside = BesideModel()
    beside.projector = try mmproj.map(PartialModel.open)
    beside.draft = try draftFile.map { try MemoryModel(PartialModel.open($0)) }
    beside.draftsWithOwnLayers = draft == Self.ownLayers
    beside.adapters = try lora.map(PartialModel.open)
    beside.checkpoints = ctxCheckpoints
    return beside
  }
}
