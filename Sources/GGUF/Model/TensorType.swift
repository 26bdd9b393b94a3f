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
  /// 32-bit floats.
  public static let F32 = TensorType(rawValue: 0)
  /// 16-bit floats (IEEE).
  public static let F16 = TensorType(rawValue: 1)
  /// 4-bit quants with a scale for 32.
  public static let Q4_0 = TensorType(rawValue: 2)
  /// 4-bit quants with a scale and a min for 32.
  public static let Q4_1 = TensorType(rawValue: 3)
  /// 5-bit quants with a scale for 32.
  public static let Q5_0 = TensorType(rawValue: 6)
  /// 5-bit quants with a scale and a min for 32.
  public static let Q5_1 = TensorType(rawValue: 7)
  /// 8-bit quants with a scale for 32.
  public static let Q8_0 = TensorType(rawValue: 8)
  /// 8-bit quants with a scale and their sum for 32: for activations.
  public static let Q8_1 = TensorType(rawValue: 9)
  /// 2-bit quants in super-blocks of 256, scale and min for 16.
  public static let Q2_K = TensorType(rawValue: 10)
  /// 3-bit quants in super-blocks of 256, scale for 16.
  public static let Q3_K = TensorType(rawValue: 11)
  /// 4-bit quants in super-blocks of 256, scale and min for 32.
  public static let Q4_K = TensorType(rawValue: 12)
  /// 5-bit quants in super-blocks of 256, scale and min for 32.
  public static let Q5_K = TensorType(rawValue: 13)
  /// 6-bit quants in super-blocks of 256, scale for 16.
  public static let Q6_K = TensorType(rawValue: 14)
  /// 8-bit quants in super-blocks of 256: for activations.
  public static let Q8_K = TensorType(rawValue: 15)
  /// Groups of 8 from 256 grid points, 2.06 bits a weight.
  public static let IQ2_XXS = TensorType(rawValue: 16)
  /// Groups of 8 from 512 grid points, 2.31 bits a weight.
  public static let IQ2_XS = TensorType(rawValue: 17)
  /// Groups of 4 from 256 grid points, 3.06 bits a weight.
  public static let IQ3_XXS = TensorType(rawValue: 18)
  /// Groups of 8 ternary weights from 2048 grid points, 1.56 bits a weight.
  public static let IQ1_S = TensorType(rawValue: 19)
  /// 4-bit indices into 16 uneven values, scale for 32.
  public static let IQ4_NL = TensorType(rawValue: 20)
  /// Groups of 4 from 512 grid points, 3.44 bits a weight.
  public static let IQ3_S = TensorType(rawValue: 21)
  /// Groups of 8 from 1024 grid points, 2.56 bits a weight.
  public static let IQ2_S = TensorType(rawValue: 22)
  /// As `IQ4_NL` in super-blocks of 256, 4.25 bits a weight.
  public static let IQ4_XS = TensorType(rawValue: 23)
  /// 8-bit integers.
  public static let I8 = TensorType(rawValue: 24)
  /// 16-bit integers.
  public static let I16 = TensorType(rawValue: 25)
  /// 32-bit integers.
  public static let I32 = TensorType(rawValue: 26)
  /// 64-bit integers.
  public static let I64 = TensorType(rawValue: 27)
  /// 64-bit floats.
  public static let F64 = TensorType(rawValue: 28)
  /// As `IQ1_S` with finer scales, 1.75 bits a weight.
  public static let IQ1_M = TensorType(rawValue: 29)
  /// 16-bit floats with the exponent of 32-bit ones.
  public static let BF16 = TensorType(rawValue: 30)
  /// Ternary weights, five in a byte.
  public static let TQ1_0 = TensorType(rawValue: 34)
  /// Ternary weights, four in a byte.
  public static let TQ2_0 = TensorType(rawValue: 35)
  /// 4-bit floats with a power-of-two scale for 32.
  public static let MXFP4 = TensorType(rawValue: 39)
  /// 4-bit floats with an 8-bit float scale for 16.
  public static let NVFP4 = TensorType(rawValue: 40)
  /// Signs with a scale for 128.
  public static let Q1_0 = TensorType(rawValue: 41)
  /// 2-bit quants with a scale for 64.
  public static let Q2_0 = TensorType(rawValue: 42)
}
