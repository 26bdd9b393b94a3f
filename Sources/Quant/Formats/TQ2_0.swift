// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 2.06 bits a weight: -1, 0 or 1 times a scale each 256, four weights a byte.
///
///     offset bytes field
///          0    64 q      2 × 32 bytes, one each 128 weights: byte j holds the weights j, j + 32,
///                         j + 64, j + 96, two bits each, the first lowest
///         64     2 d      half: scale
///
/// Restored: weight = d · (q - 1).
///
/// q = 3 is never written, and restores as 2 d.
public enum TQ2_0: EncodableFormat {
  /// Number 35: 256 weights in 66 bytes.
  public static var type: TensorType { .TQ2_0 }

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 64, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 64, .half)] }

  /// Restores weights: shift, mask, multiply.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .TQ2_0, into: &weights)
  }

  /// Writes weights with a scale whose squared error is as good as the least.
  ///
  /// A block that already is ternary comes back as it was, up to the rounding of its scale.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeTernary(
      .TQ2_0, rows, rowWeights: rowWeights, importance: importance, effort: effort,
      into: &blocks)
  }
}

extension TQ2_0: CodedFormat {
  /// Two bits have one value more than three digits need.
  static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    var both: UInt8 = 0
    for byte in 0..<64 { both |= block.u8(at: byte) & block.u8(at: byte) >> 1 }
    guard both & 0x55 != 0 else { return nil }
    for byte in 0..<64 {
      let quants = block.u8(at: byte)
      guard quants & quants >> 1 & 0x55 != 0 else { continue }
      return .code("q[\(byte)]", at: byte, expected: "four digits of 0, 1 or 2", found: quants)
    }
    return nil
  }
}
