// SPDX-License-Identifier: MIT

/// How the weights of a tensor are stored: an open set of GGML's type numbers.
///
/// A number that nobody knows is kept as it is: it has no `name` of its own and no `layout`, and is
/// refused only where its bytes are needed.
public struct TensorType: RawRepresentable, Hashable, Sendable {
  /// The number in the file.
  public let rawValue: UInt32

  /// Wraps any number, known or not.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The smallest stored unit of a type.
  public struct Layout: Hashable, Sendable {
    /// Weights that one block holds.
    public let weightsPerBlock: Int
    /// Bytes that one block takes.
    public let bytesPerBlock: Int

    /// Bits for each weight, scales included.
    public var bitsPerWeight: Double { Double(bytesPerBlock * 8) / Double(weightsPerBlock) }
  }

  /// Who can read a type.
  public enum Status: Sendable {
    /// Part of GGML today.
    case current
    /// Once part of GGML; the number is not used again.
    case removed
    /// Written by ik_llama.cpp only.
    case ikOnly
    /// A number in nobody's list.
    case unknown
  }

  /// GGML's name in capitals (`Q4_K`); `type 77` for a number without one.
  public var name: String { TensorTypeTable.byNumber[rawValue]?.name ?? "type \(rawValue)" }

  /// The block layout, where the number of bytes follows from blocks alone.
  public var layout: Layout? { TensorTypeTable.byNumber[rawValue]?.layout }

  /// Who can read this type.
  public var status: Status { TensorTypeTable.byNumber[rawValue]?.status ?? .unknown }

  /// Whether a block holds quants with scales (rather than plain numbers).
  public var isQuantized: Bool { (layout?.weightsPerBlock ?? 256) > 1 }

  /// Finds a type by its name, in any case.
  public init?(name: String) {
    guard let entry = TensorTypeTable.byName[name.uppercased()] else { return nil }
    self.init(rawValue: entry)
  }
}

extension TensorType: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}
