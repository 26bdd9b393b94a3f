// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 6.5625 bits a weight: 64 levels around zero, with an 8-bit scale each 16 under one half.
///
///     offset bytes field
///          0   128 q      4 lower bits a weight: 64 bytes each 128 weights, the low half of byte j
///                         being weight j, the high one j + 64
///        128    64 h      2 upper bits a weight: 32 bytes each 128 weights, byte j holding those of
///                         weights j, j + 32, j + 64 and j + 96, the first lowest
///        192    16 s      i8: one scale each 16 weights
///        208     2 d      half: what the scales are multiples of
///
/// Restored: weight = (d · s) · ((q | h << 4) - 32).
///
/// Scales have a sign, so that each sub-block chooses which side reaches 32 levels and which 31.
public enum Q6_K: SearchedFormat {
  /// Number 14: 256 weights in 210 bytes.
  public static var type: TensorType { .Q6_K }

  /// The half; all else is bytes.
  public static var wideFields: [WideField] { [WideField(offset: 208, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 208, .half)] }

  /// Restores weights: shift, mask, join, multiply.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q6_K, into: &weights)
  }

  /// Writes weights with the scales of least error that the symmetric search finds.
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
        weights: 16, subBlocks: 16, levels: 32, codes: 128, firstStep: -8, lastStep: 1, steps: 14,
        bothSides: false))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    for half in 0..<2 {
      let quants = found.quants.extracting(128 * half..<128 * half + 128)
      for index in 0..<64 {
        block.set(quants[index] & 15 | quants[index + 64] << 4, at: 64 * half + index)
      }
      for index in 0..<32 {
        let low = quants[index] >> 4 | (quants[index + 32] >> 4) << 2
        let high = (quants[index + 64] >> 4) << 4 | (quants[index + 96] >> 4) << 6
        block.set(low | high, at: 128 + 32 * half + index)
      }
    }
    for part in 0..<16 { block.set(UInt8(bitPattern: found.scaleCodes[part]), at: 192 + part) }
    block.set(Half.exact(found.scale), at: 208)
  }
}
