// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 8.5 bits a weight: whole numbers from -127 to 127, a scale each 32.
///
///     offset bytes field
///          0     2 d      half: scale
///          2    32 q      i8: one a weight
///
/// Restored: weight = d · q.
public enum Q8_0: EncodableFormat {
  /// Number 8: 32 weights in 34 bytes.
  public static var type: TensorType { .Q8_0 }

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: one multiplication each.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q8_0, into: &weights)
  }

  /// Writes weights with the scale that gives the largest magnitude the quant 127.
  ///
  /// With 8 bits nothing is left for a search to win, so importance is not used.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeBlocks(
      of: 32, in: 34, rows, rowWeights: rowWeights, importance: importance, into: &blocks
    ) { weights, _, block in
      let scale = ByteRounding.scale(of: weights)
      block.set(Half.exact(scale), at: 0)
      var quants = block.part(2..<34)
      ByteRounding.round(weights, scale: scale, into: &quants)
    }
  }
}
