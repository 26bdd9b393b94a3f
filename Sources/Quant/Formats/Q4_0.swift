// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

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
  /// Number 2: 32 weights in 18 bytes.
  public static var type: TensorType { .Q4_0 }

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: mask, subtract, multiply.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q4_0, into: &weights)
  }

  /// Writes weights with the scale of least error that the symmetric search finds.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeBySearch(
      rows, rowWeights: rowWeights, importance: importance, effort: effort, into: &blocks)
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
