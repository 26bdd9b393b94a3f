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

  /// Restores weights: shift, mask, multiply.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decodeBlocks(of: 256, in: 66, blocks, into: &weights) { block, weights in
      let d = block.half(at: 64)
      for quarter in 0..<8 {
        let byte = quarter / 4 * 32
        let shift = UInt8(2 * (quarter % 4))
        for index in 0..<32 {
          let q = Int32(block.u8(at: byte + index) >> shift & 3)
          weights[32 * quarter + index] = d * Float(q - 1)
        }
      }
    }
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
