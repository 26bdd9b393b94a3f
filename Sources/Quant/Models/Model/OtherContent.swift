// SPDX-License-Identifier: MIT
public import GGUF

/// What a GGUF file holds that is not a model.
public enum OtherContent: Sendable, Hashable {
  /// Sums of squared activations.
  case importanceMatrix
  /// What turns images or sound into a model's input (`mmproj`).
  case projector
  /// Low-rank changes to a model (LoRA).
  case adapter
  /// States or results that this tool keeps between runs.
  case ownFile(String)

  private static let ownKinds: Set<String> = [
    "evaluation-base", "evaluation-state", "partial-result", "sensitivity-state", "logits",
  ]

  /// Tells what a file holds by its keys and tensors; `nil` for a model, or what nobody knows.
  ///
  /// - Parameter source: The file.
  /// - Complexity: O(1): of the tensors only the first is looked at.
  public init?(_ source: any ModelSource) {
    let first = source.tensors.first?.name ?? ""
    switch source.metadata["general.type"]?.text {
    case "imatrix": self = .importanceMatrix
    case "mmproj": self = .projector
    case "adapter": self = .adapter
    case let kind? where Self.ownKinds.contains(kind): self = .ownFile(kind)
    default:
      if source.metadata.architecture == "clip" {
        self = .projector
      } else if source.metadata["adapter.type"] != nil || first.hasSuffix(".lora_a") {
        self = .adapter
      } else if first.hasSuffix(".in_sum2") {
        self = .importanceMatrix
      } else {
        return nil
      }
    }
  }

  /// What it is, and what to give instead.
  private var sentence: String {
    switch self {
    case .importanceMatrix:
      "an importance matrix: give the model, and this file where a matrix is asked for"
    case .projector:
      "a projector (mmproj), which is used beside a model: give the file of the model itself"
    case .adapter:
      "an adapter (LoRA), which is used on top of a model: give the model, or merge the adapter"
        + " into it first"
    case .ownFile(let kind): "a file of the kind \"\(kind)\", which keeps results: give the model"
    }
  }

  /// Refuses a file that is no model.
  ///
  /// - Parameters:
  ///   - source: The file.
  ///   - allowed: What else it may be.
  /// - Throws: `QuantError.content`, naming what it is and what to give instead.
  package static func check(
    _ source: any ModelSource, allowing allowed: Set<OtherContent> = []
  ) throws(QuantError) {
    guard let other = OtherContent(source), !allowed.contains(other) else { return }
    throw .content(
      file: source.path, line: 0, what: "expected a model, found \(other.sentence)")
  }
}
