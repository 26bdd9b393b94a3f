// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels

/// Whether llama.cpp loads a file, as far as the layout of its experts and its types tell.
public struct LlamaCppSupport: Sendable, Codable, Hashable {
  /// Whether it does.
  public let loads: Bool
  /// Why it does not; `nil` where it does.
  public let reason: String?

  /// Takes the reason why it does not; `nil` where it does.
  package init(refusal reason: String?) {
    loads = reason == nil
    self.reason = reason
  }
}

extension RequantizePlan {
  /// Whether llama.cpp loads what is written.
  public var llamaCpp: LlamaCppSupport {
    if writesSingleExperts {
      return LlamaCppSupport(refusal: "each expert is a tensor of its own")
    }
    let types = Set(plan.tensors.map(\.description.type)).sorted { $0.rawValue < $1.rawValue }
    return LlamaCppSupport(refusal: types.lazy.compactMap(Self.refusal).first)
  }

  private static func refusal(of type: TensorType) -> String? {
    if type.status != .current { return "it has tensors of \(type.inWords)" }
    guard FormatRegistry.activationTypes.contains(type) else { return nil }
    return "it has tensors of \(type.inWords), which is for activations"
  }
}
