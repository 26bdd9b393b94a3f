// SPDX-License-Identifier: MIT

/// 4.5 bits a weight: 16 evenly spaced levels around zero, a scale each 32.
///
///     offset bytes field
///          0     2 d      half: scale, of either sign
///          2    16 q      4 bits a weight: the low half of byte j is weight j, the high one j + 16
///
/// Restored: weight = d · (q - 8).
///
/// 16 levels around a zero that is one of them leave 8 on one side and 7 on the other; the sign of d
/// chooses which side of the weights reaches further.
public enum Q4_0: SearchedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q4_0, "Q4_0", weights: 32, bytes: 18,
    fileTypes: [.init(2, "Q4_0")],
    activations: .Q8_0, typicalError: 0.00600)

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: mask, subtract, multiply.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 18 &* index
      let target = run.weights + 128 &* index
      let d = half(block)
      let q = bytes(block + 2)
      store(d * signedFloats((q & 15) &- 8), target)
      store(d * signedFloats((q &>> 4) &- 8), target + 64)
    }
  }

  static var search: BlockSearch {
    .symmetric(
      SearchShape(
        weights: 32, levels: 8, firstStep: -1, lastStep: 2, steps: 8, bothSides: true, refits: 1))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(Half.exact(found.scale), at: 0)
    for index in 0..<16 {
      block.set(found.quants[index] | found.quants[index + 16] << 4, at: 2 + index)
    }
  }
}

extension TensorType {
  /// 4-bit quants with a scale for 32.
  public static let Q4_0 = TensorType(rawValue: 2)
}
