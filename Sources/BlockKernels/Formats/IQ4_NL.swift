// SPDX-License-Identifier: MIT

/// 4.5 bits a weight: one of 16 unevenly spaced values, a scale each 32.
///
///     offset bytes field
///          0     2 d      half: scale
///          2    16 q      4 bits a weight: the low half of byte j is weight j, the high one j + 16
///
/// Restored: weight = d · value[q].
///
/// The values lie densest around zero, as weights do.
public enum IQ4_NL: SearchedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .IQ4_NL, "IQ4_NL", weights: 32, bytes: 18,
    fileTypes: [.init(25, "IQ4_NL")],
    activations: .Q8_0, typicalError: 0.00495)

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: one look-up each.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let table = ByteTable(IQ4_NLValues.table)
    for index in 0..<run.count {
      let block = run.blocks + 18 &* index
      storeValues(bytes(block + 2), table, half(block), run.weights + 128 &* index)
    }
  }

  static var search: BlockSearch {
    .values(
      SearchShape(
        weights: 32, levels: 120, firstStep: -25, lastStep: 25, steps: 8, bothSides: true,
        refits: 1),
      IQ4_NLValues.table)
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(half: found.scale, at: 0)
    for index in 0..<16 {
      block.set(found.quants[index] | found.quants[index + 16] << 4, at: 2 + index)
    }
  }
}

extension TensorType {
  /// 4-bit indices into 16 uneven values, scale for 32.
  public static let IQ4_NL = TensorType(rawValue: 20)
}
