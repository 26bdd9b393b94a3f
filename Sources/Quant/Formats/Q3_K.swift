// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 3.4375 bits a weight: 8 levels around zero, with a 6-bit scale each 16 under one half.
///
///     offset bytes field
///          0    32 h      third bits: bit k of byte j belongs to weight 32 k + j
///         32    64 q      2 lower bits a weight: 32 bytes each 128 weights, byte j holding weights
///                         j, j + 32, j + 64 and j + 96, the first lowest
///         96    12 s      scales, 32 added: the lower 4 bits of scale j in byte j % 8, the first eight
///                         in the low halves; the upper 2 bits in byte 8 + j % 4, from bit 2 (j / 4)
///        108     2 d      half: what the scales are multiples of
///
/// Restored: weight = (d · (s - 32)) · ((q | h << 2) - 4).
///
/// Scales have a sign, so that each sub-block chooses which side reaches 4 levels and which 3.
public enum Q3_K: SearchedFormat {
  /// Number 11: 256 weights in 110 bytes.
  public static var type: TensorType { .Q3_K }

  /// The half; all else is bytes.
  public static var wideFields: [WideField] { [WideField(offset: 108, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 108, .half)] }

  /// Restores weights: shift, mask, join, multiply.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q3_K, into: &weights)
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
        weights: 16, subBlocks: 16, levels: 4, codes: 32, firstStep: -1, lastStep: 2, steps: 8,
        bothSides: true))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    for index in 0..<32 {
      var third: UInt8 = 0
      for bit in 0..<8 { third |= (found.quants[32 * bit + index] >> 2) << UInt8(bit) }
      block.set(third, at: index)
    }
    for half in 0..<2 {
      let quants = found.quants.extracting(128 * half..<128 * half + 128)
      for index in 0..<32 {
        let low = quants[index] & 3 | (quants[index + 32] & 3) << 2
        let high = (quants[index + 64] & 3) << 4 | (quants[index + 96] & 3) << 6
        block.set(low | high, at: 32 + 32 * half + index)
      }
    }
    packScales(found.scaleCodes, into: &block)
    block.set(Half.exact(found.scale), at: 108)
  }

  private static func packScales(_ codes: Span<Int8>, into block: inout MutableRawSpan) {
    for index in 0..<8 {
      let low = UInt8(codes[index] + 32) & 15
      block.set(low | UInt8(codes[index + 8] + 32) << 4, at: 96 + index)
    }
    for index in 0..<4 {
      var high: UInt8 = 0
      for part in 0..<4 { high |= (UInt8(codes[4 * part + index] + 32) >> 4) << UInt8(2 * part) }
      block.set(high, at: 104 + index)
    }
  }
}
