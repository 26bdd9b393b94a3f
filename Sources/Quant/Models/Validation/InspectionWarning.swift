// SPDX-License-Identifier: MIT
internal import GGUF

/// Something about a file that its user should know.
public struct InspectionWarning: Sendable, Encodable, Equatable {
  /// What kinds there are; for programs.
  public enum Kind: String, Sendable, Encodable {
    case missingShards = "missing_shards"
    case truncated, trailingBytes = "trailing_bytes", unknownType = "unknown_type"
    case removedType = "removed_type", ikOnlyType = "ik_only_type"
    case splitExperts = "split_experts", expertCounts = "expert_counts"
    case layerCount = "layer_count", vocabulary, heads, numbers, tensors, keys
  }

  /// How bad it is.
  public enum Severity: String, Sendable, Encodable {
    /// Worth knowing.
    case warning
    /// No program can compute with this: keys and tensors that contradict each other, or bytes that are
    /// not there.
    case error
  }

  /// What kind it is.
  public let kind: Kind
  /// How bad it is.
  public let severity: Severity
  /// The tensor that it is about, if it is about one.
  public let tensor: String?
  /// The key that it is about, if it is about one.
  public let field: String?
  /// What would have been right, if that can be told apart.
  public let expected: String?
  /// What is there.
  public let found: String?
  /// The whole of it in a sentence, without a full stop.
  public let message: String
}

extension InspectionWarning {
  init(kind: Kind, severity: Severity = .warning, message: String) {
    self.init(
      kind: kind, severity: severity, tensor: nil, field: nil, expected: nil, found: nil,
      message: message)
  }

  /// A key, or a tensor, that contradicts the rest of the model.
  static func error(
    _ kind: Kind, tensor: String? = nil, key: String? = nil, expected: String, found: String
  ) -> InspectionWarning {
    let place = key ?? tensor.map { "tensor \"\($0)\"" } ?? "the model"
    return InspectionWarning(
      kind: kind, severity: .error, tensor: tensor, field: key, expected: expected, found: found,
      message: "\(place): expected \(expected), found \(found)")
  }
}
