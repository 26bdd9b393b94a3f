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

/// The names that the code itself uses; the table below knows all others.
extension TensorType {
  public static let F32 = TensorType(rawValue: 0)
  public static let F16 = TensorType(rawValue: 1)
  public static let Q4_0 = TensorType(rawValue: 2)
  public static let Q4_1 = TensorType(rawValue: 3)
  public static let Q5_0 = TensorType(rawValue: 6)
  public static let Q5_1 = TensorType(rawValue: 7)
  public static let Q8_0 = TensorType(rawValue: 8)
  public static let Q8_1 = TensorType(rawValue: 9)
  public static let Q2_K = TensorType(rawValue: 10)
  public static let Q3_K = TensorType(rawValue: 11)
  public static let Q4_K = TensorType(rawValue: 12)
  public static let Q5_K = TensorType(rawValue: 13)
  public static let Q6_K = TensorType(rawValue: 14)
  public static let Q8_K = TensorType(rawValue: 15)
  public static let IQ2_XXS = TensorType(rawValue: 16)
  public static let IQ2_XS = TensorType(rawValue: 17)
  public static let IQ3_XXS = TensorType(rawValue: 18)
  public static let IQ1_S = TensorType(rawValue: 19)
  public static let IQ4_NL = TensorType(rawValue: 20)
  public static let IQ3_S = TensorType(rawValue: 21)
  public static let IQ2_S = TensorType(rawValue: 22)
  public static let IQ4_XS = TensorType(rawValue: 23)
  public static let I8 = TensorType(rawValue: 24)
  public static let I16 = TensorType(rawValue: 25)
  public static let I32 = TensorType(rawValue: 26)
  public static let I64 = TensorType(rawValue: 27)
  public static let F64 = TensorType(rawValue: 28)
  public static let IQ1_M = TensorType(rawValue: 29)
  public static let BF16 = TensorType(rawValue: 30)
  public static let TQ1_0 = TensorType(rawValue: 34)
  public static let TQ2_0 = TensorType(rawValue: 35)
  public static let MXFP4 = TensorType(rawValue: 39)
  public static let NVFP4 = TensorType(rawValue: 40)
  public static let Q1_0 = TensorType(rawValue: 41)
  public static let Q2_0 = TensorType(rawValue: 42)
}
