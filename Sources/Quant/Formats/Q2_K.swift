// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 2.625 bits a weight: 4 levels, with a 4-bit scale and min each 16 under two halves.
///
///     offset bytes field
///          0    16 s      one byte each 16 weights: scale in the low half, min in the high one
///         16    64 q      2 bits a weight: 32 bytes each 128 weights, byte j holding weights j,
///                         j + 32, j + 64 and j + 96, the first lowest
///         80     2 d      half: what the scales are multiples of
///         82     2 e      half: what the mins are multiples of
///
/// Restored: weight = (d · scale) · q - e · min.
///
/// Mins are subtracted and never negative, so that a level at or below zero always exists.
public enum Q2_K: SearchedFormat {
  /// Number 10: 256 weights in 84 bytes.
  public static var type: TensorType { .Q2_K }

  /// The two halves.
  public static var wideFields: [WideField] { [WideField(offset: 80, width: 2, count: 2)] }

  /// What scales and mins are multiples of.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 80, .half), FloatField("e", at: 82, .half)]
  }

  /// Restores weights: shift, mask, multiply, subtract.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q2_K, into: &weights)
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
        weights: 16, subBlocks: 16, levels: 3, codes: 15, firstStep: -0.6, lastStep: 1.2, steps: 6,
        bothSides: true, rounds: 2))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    for part in 0..<16 {
      block.set(UInt8(bitPattern: found.scaleCodes[part] | found.minCodes[part] << 4), at: part)
    }
    for half in 0..<2 {
      let quants = found.quants.extracting(128 * half..<128 * half + 128)
      for index in 0..<32 {
        let low = quants[index] | quants[index + 32] << 2
        let high = quants[index + 64] << 4 | quants[index + 96] << 6
        block.set(low | high, at: 16 + 32 * half + index)
      }
    }
    block.set(Half.exact(found.scale), at: 80)
    block.set(Half.exact(found.min), at: 82)
  }
}
