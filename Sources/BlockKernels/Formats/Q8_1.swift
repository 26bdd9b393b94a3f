// SPDX-License-Identifier: MIT

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
  /// What programs know this format by.
  public static let facts = FormatFacts(.Q8_1, "Q8_1", weights: 32, bytes: 36)

  /// The scale and the sum.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// The scale and the sum.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 0, .half), FloatField("s", at: 2, .half)]
  }

  /// Restores weights: one multiplication each.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) { decodeBytes(run, stride: 36, quants: 4) }

  /// Writes weights as `Q8_0` does, and their sum.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan, by table: KernelTable
  ) {
    encodeBlocks(
      of: 32, in: 36, rows, rowWeights: rowWeights, importance: importance, into: &blocks
    ) { weights, _, block in
      let scale = ByteRounding.scale(of: weights, table)
      var quants = block.slice(4..<36)
      ByteRounding.round(weights, scale: scale, into: &quants, table)
      var sum: Int32 = 0
      for index in 0..<32 { sum += Int32(block.bytes.i8(at: 4 + index)) }
      block.set(Half.exact(scale), at: 0)
      block.set(Half.nearest(scale * Float(sum)), at: 2)
    }
  }
}

extension TensorType {
  /// 8-bit quants with a scale and their sum for 32: for activations.
  public static let Q8_1 = TensorType(rawValue: 9)
}
