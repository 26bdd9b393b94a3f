// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 9 bits a weight: `Q8_0` with the sum of the block, made for activations.
///
///     offset bytes field
///          0     2 d      half: scale
///          2     2 s      half: d times the sum of all q
///          4    32 q      i8: one a weight
///
/// Restored: weight = d · q.
///
/// The sum spares products with formats that have a min the adding up: Σ (d q + m) a = d Σ q a + m Σ a.
public enum Q8_1: EncodableFormat {
  /// Number 9: 32 weights in 36 bytes.
  public static var type: TensorType { .Q8_1 }

  /// The scale and the sum.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// The scale and the sum.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 0, .half), FloatField("s", at: 2, .half)]
  }

  /// Restores weights: one multiplication each.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q8_1, into: &weights)
  }

  /// Writes weights as `Q8_0` does, and their sum.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeBlocks(
      of: 32, in: 36, rows, rowWeights: rowWeights, importance: importance, into: &blocks
    ) { weights, _, block in
      let scale = ByteRounding.scale(of: weights)
      var quants = block.part(4..<36)
      ByteRounding.round(weights, scale: scale, into: &quants)
      var sum: Int32 = 0
      for index in 0..<32 { sum += Int32(block.bytes.i8(at: 4 + index)) }
      block.set(Half.exact(scale), at: 0)
      block.set(Half.nearest(scale * Float(sum)), at: 2)
    }
  }
}
