// SPDX-License-Identifier: MIT
import Quant

extension QuantError {
  /// The error in words, with the options of the command line that it is about.
  var sentence: String {
    switch self {
    case .setting(let setting, let what):
      if let option = setting.option { return "\(option): \(what)" }
      return what + (setting.hint ?? "")
    case .memory(let what, let needed, let allowed):
      return "\(what) \(needed) bytes of memory for activations, and --memory allows \(allowed)"
    default:
      return description
    }
  }
}

extension QuantError.Setting {
  /// The option that chooses it, where an error is about the option's value.
  fileprivate var option: String? {
    switch self {
    case .contextLength: "--ctx"
    case .batch: "--batch"
    case .microBatch: "--ubatch"
    case .sequences: "--parallel"
    case .keyType: "--cache-type-k"
    case .valueType: "--cache-type-v"
    case .tensorPlacement: "--override-tensor"
    case .prunedLayers: "--prune-layers"
    case .denseExperts: "--dense"
    case .preTokenizer, .keptExperts, .windows, .layout, .requantizing, .importance,
      .unfinishedOutput, .planTarget, .types:
      nil
    }
  }

  /// What else can be done, to follow the sentence.
  fileprivate var hint: String? {
    switch self {
    case .windows: " (--ctx, --chunks)"
    case .layout:
      ": write one tensor per expert (--layout per-expert), or use the best type (--promote)"
    case .requantizing: ", or pass --allow-requantize"
    case .importance: ": pass one with --imatrix, or pass --allow-missing-imatrix"
    case .preTokenizer: "; choose one with --pre"
    case .unfinishedOutput: "; pass --restart to discard it"
    default: nil
    }
  }
}
