// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 5.5 bits a weight: 32 levels, with a 6-bit scale and min each 32 under two halves.
///
///     offset bytes field
///          0     2 d      half: what the scales are multiples of
///          2     2 e      half: what the mins are multiples of
///          4    12 s      8 scales and 8 mins of 6 bits, see `PackedScales`
///         16    32 h      fifth bits: bit k of byte j belongs to weight 32 k + j
///         48   128 q      4 lower bits a weight: 32 bytes each 64 weights, the low half of byte j
///                         being weight j, the high one j + 32
///
/// Restored: weight = (d · scale) · (q | h << 4) - e · min.
public enum Q5_K: SearchedFormat {
  /// Number 13: 256 weights in 176 bytes.
  public static var type: TensorType { .Q5_K }

  /// The two halves.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// What scales and mins are multiples of.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 0, .half), FloatField("e", at: 2, .half)]
  }

  /// Restores weights: mask, join, multiply, subtract.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q5_K, into: &weights)
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
        weights: 32, subBlocks: 8, levels: 31, codes: 63, firstStep: -4, lastStep: 1, steps: 8,
        bothSides: true, rounds: 2))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(Half.exact(found.scale), at: 0)
    block.set(Half.exact(found.min), at: 2)
    PackedScales.pack(found, into: &block, at: 4)
    for index in 0..<32 {
      var fifth: UInt8 = 0
      for bit in 0..<8 { fifth |= (found.quants[32 * bit + index] >> 4) << UInt8(bit) }
      block.set(fifth, at: 16 + index)
    }
    for pair in 0..<4 {
      let quants = found.quants.extracting(64 * pair..<64 * pair + 64)
      for index in 0..<32 {
        block.set(quants[index] & 15 | quants[index + 32] << 4, at: 48 + 32 * pair + index)
      }
    }
  }
}
