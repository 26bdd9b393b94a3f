// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

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
  /// Number 20: 32 weights in 18 bytes.
  public static var type: TensorType { .IQ4_NL }

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: one look-up each.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .IQ4_NL(IQ4_NLValues.values), into: &weights)
  }

  /// Writes weights with the scale of least error that the value search finds.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeBySearch(
      rows, rowWeights: rowWeights, importance: importance, effort: effort, into: &blocks)
  }

  static var search: BlockSearch {
    .values(
      SearchShape(
        weights: 32, levels: 120, firstStep: -25, lastStep: 25, steps: 8, bothSides: true,
        refits: 1))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(half: found.scale, at: 0)
    for index in 0..<16 {
      block.set(found.quants[index] | found.quants[index + 16] << 4, at: 2 + index)
    }
  }
}
