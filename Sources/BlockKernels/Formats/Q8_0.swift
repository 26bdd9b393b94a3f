// SPDX-License-Identifier: MIT

/// 8.5 bits a weight: whole numbers from -127 to 127, a scale each 32.
///
///     offset bytes field
///          0     2 d      half: scale
///          2    32 q      i8: one a weight
///
/// Restored: weight = d · q.
public enum Q8_0: EncodableFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q8_0, "Q8_0", weights: 32, bytes: 34,
    fileTypes: [.init(7, "Q8_0")],
    activations: .Q8_0, typicalError: 0.0000286)

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: one multiplication each.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) { decodeBytes(run, stride: 34, quants: 2) }

  /// Writes weights with the scale that gives the largest magnitude the quant 127.
  ///
  /// With 8 bits nothing is left for a search to win, so importance is not used.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan, by table: KernelTable
  ) {
    encodeBlocks(
      of: 32, in: 34, rows, rowWeights: rowWeights, importance: importance, into: &blocks
    ) { weights, _, block in
      let scale = ByteRounding.scale(of: weights, table)
      block.set(Half.exact(scale), at: 0)
      var quants = block.slice(2..<34)
      ByteRounding.round(weights, scale: scale, into: &quants, table)
    }
  }
}

extension Q8_0: RestoredFormat {
  static var restoring: FeedbackShape {
    FeedbackShape(
      subBlock: 32, blockWeights: 32, codes: .whole(lowest: -128, highest: 127), scale: .half)
  }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    storedHalf(in: block, at: 0)
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    block.set(Half.exact(scales[0]), at: 0)
    for index in values.indices {
      block.set(UInt8(bitPattern: Int8(values[index])), at: 2 + index)
    }
  }
}

extension TensorType {
  /// 8-bit quants with a scale for 32.
  public static let Q8_0 = TensorType(rawValue: 8)
}
