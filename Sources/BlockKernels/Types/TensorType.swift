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
}
