// SPDX-License-Identifier: MIT
public import GGUF

/// How many tensors, weights and bytes of a model each type has.
public struct TypeHistogram: Sendable {
  /// The part of one type.
  public struct Share: Sendable, Encodable {
    /// The type's name.
    public let type: String
    /// Tensors of this type.
    public let tensorCount: Int
    /// Weights of this type.
    public let weightCount: Int
    /// Bytes of this type, padding not counted; `nil` for a type whose size nobody can tell.
    public let tensorBytes: Int?
    /// Bits for each weight, scales included.
    public let bitsPerWeight: Double?
    /// The part of all weights, from 0 to 1.
    public let weightShare: Double
  }

  /// The types, the one with most weights first.
  public let shares: [Share]

  /// Counts tensors by type.
  ///
  /// - Parameter tensors: The tensors of a model or of a part of it.
  /// - Complexity: O(*n*) in tensors.
  public init(_ tensors: some Collection<TensorInfo>) {
    let total = max(1, tensors.clampedSum(\.weightCount))
    shares = Dictionary(grouping: tensors, by: \.type)
      .map { type, tensors in Self.share(type, tensors, of: total) }
      .sorted { ($1.weightCount, $0.type) < ($0.weightCount, $1.type) }
  }

  private static func share(
    _ type: TensorType, _ tensors: [TensorInfo], of total: Int
  ) -> Share {
    let weights = tensors.clampedSum(\.weightCount)
    let isCounted = tensors.allSatisfy { $0.byteCount != nil }
    let bytes = isCounted ? tensors.clampedSum { $0.byteCount ?? 0 } : nil
    return Share(
      type: type.name, tensorCount: tensors.count, weightCount: weights, tensorBytes: bytes,
      bitsPerWeight: type.layout?.bitsPerWeight,
      weightShare: Double(weights) / Double(total))
  }
}
