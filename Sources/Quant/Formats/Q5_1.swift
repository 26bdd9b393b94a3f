// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 6 bits a weight: 32 evenly spaced levels, with a scale and a min each 32.
///
///     offset bytes field
///          0     2 d      half: scale
///          2     2 m      half: min, the value of q = 0, of either sign
///          4     4 h      u32: bit j is the fifth bit of weight j
///          8    16 q      4 lower bits a weight: the low half of byte j is weight j, the high one
///                         j + 16
///
/// Restored: weight = d · (q | h << 4) + m.
public enum Q5_1: SearchedFormat {
  /// Number 7: 32 weights in 24 bytes.
  public static var type: TensorType { .Q5_1 }

  /// The scale and the min, and the word of fifth bits, as in `Q5_0`.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2, count: 2), WideField(offset: 4, width: 4)]
  }

  /// The scale and the min.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 0, .half), FloatField("m", at: 2, .half)]
  }

  /// Restores weights: mask, join, multiply, add.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q5_1, into: &weights)
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
        weights: 32, levels: 31, firstStep: -4, lastStep: 1, steps: 10, bothSides: true,
        refits: 1))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(Half.exact(found.scale), at: 0)
    block.set(Half.exact(found.min), at: 2)
    block.set(FifthBits.collect(found.quants), at: 4)
    for index in 0..<16 {
      let low = found.quants[index] & 15
      block.set(low | found.quants[index + 16] << 4, at: 8 + index)
    }
  }
}
