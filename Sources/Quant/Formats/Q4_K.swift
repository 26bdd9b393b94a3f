// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 4.5 bits a weight: 16 levels, with a 6-bit scale and min each 32 under two halves.
///
///     offset bytes field
///          0     2 d      half: what the scales are multiples of
///          2     2 e      half: what the mins are multiples of
///          4    12 s      8 scales and 8 mins of 6 bits, see `PackedScales`
///         16   128 q      4 bits a weight: 32 bytes each 64 weights, the low half of byte j being
///                         weight j, the high one j + 32
///
/// Restored: weight = (d · scale) · q - e · min.
///
/// Mins are subtracted and never negative, so that a level at or below zero always exists.
public enum Q4_K: SearchedFormat {
  /// Number 12: 256 weights in 144 bytes.
  public static var type: TensorType { .Q4_K }

  /// The two halves.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// What scales and mins are multiples of.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 0, .half), FloatField("e", at: 2, .half)]
  }

  /// Restores weights: mask, multiply, subtract.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q4_K, into: &weights)
  }

  /// Writes weights with the scales and mins of least error that the affine search finds.
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
        weights: 32, subBlocks: 8, levels: 15, codes: 63, firstStep: -2, lastStep: 2, steps: 8,
        bothSides: true, rounds: 2))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(Half.exact(found.scale), at: 0)
    block.set(Half.exact(found.min), at: 2)
    PackedScales.pack(found, into: &block, at: 4)
    for pair in 0..<4 {
      let quants = found.quants.extracting(64 * pair..<64 * pair + 64)
      for index in 0..<32 {
        block.set(quants[index] | quants[index + 32] << 4, at: 16 + 32 * pair + index)
      }
    }
  }
}
