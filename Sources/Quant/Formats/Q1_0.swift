// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 1.125 bits a weight: plus or minus a scale each 128.
///
///     offset bytes field
///          0     2 d      half: scale
///          2    16 q      a bit a weight, weight 0 lowest
///
/// Restored: weight = d where the bit is set, -d where it is not.
public enum Q1_0: EncodableFormat {
  /// Number 41: 128 weights in 18 bytes.
  public static var type: TensorType { .Q1_0 }

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: the bits are a mask of signs, eight at a time.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: BlockDecoder.Q1_0, SignMasks.factors, into: &weights)
  }

  /// Writes signs, and as the scale the mean magnitude: the least squared error that signs allow.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeBlocks(
      of: 128, in: 18, rows, rowWeights: rowWeights, importance: importance, into: &blocks
    ) { weights, importance, block in
      block.set(half: Half.stored(meanMagnitude(weights, importance)), at: 0)
      for byte in 0..<16 {
        var packed: UInt8 = 0
        for bit in 0..<8 where weights[8 * byte + bit] >= 0 { packed |= 1 << bit }
        block.set(packed, at: 2 + byte)
      }
    }
  }

  /// The mean of |x|, weighted by importance where there is any.
  private static func meanMagnitude(_ weights: Span<Float>, _ importance: Span<Float>?) -> Float {
    var sum = 0.0, total = 0.0
    for index in weights.indices {
      let importance = Double(importance?[index] ?? 1)
      sum += importance * Double(weights[index].magnitude)
      total += importance
    }
    guard total > 0 else { return importance == nil ? 0 : meanMagnitude(weights, nil) }
    return Float(sum / total)
  }
}
