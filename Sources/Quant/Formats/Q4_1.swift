// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 5 bits a weight: 16 evenly spaced levels, with a scale and a min each 32.
///
///     offset bytes field
///          0     2 d      half: scale
///          2     2 m      half: min, the value of q = 0, of either sign
///          4    16 q      4 bits a weight: the low half of byte j is weight j, the high one j + 16
///
/// Restored: weight = d · q + m.
///
/// The min lets the levels lie where the weights do, instead of around zero.
public enum Q4_1: SearchedFormat {
  /// Number 3: 32 weights in 20 bytes.
  public static var type: TensorType { .Q4_1 }

  /// The scale and the min.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// The scale and the min.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 0, .half), FloatField("m", at: 2, .half)]
  }

  /// Restores weights: mask, multiply, add.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q4_1, into: &weights)
  }

  /// Writes weights with the scale and min of least error that the affine search finds.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeBySearch(
      rows, rowWeights: rowWeights, importance: importance, effort: effort, into: &blocks)
  }

  static var search: BlockSearch {
    .affine(
      SearchShape(
        weights: 32, levels: 15, firstStep: -2, lastStep: 2, steps: 12, bothSides: true, refits: 1))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(Half.exact(found.scale), at: 0)
    block.set(Half.exact(found.min), at: 2)
    for index in 0..<16 {
      block.set(found.quants[index] | found.quants[index + 16] << 4, at: 4 + index)
    }
  }
}
