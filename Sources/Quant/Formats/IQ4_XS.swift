// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 4.25 bits a weight: the values of `IQ4_NL`, with 6-bit scales each 32 under one half.
///
///     offset bytes field
///          0     2 d      half: scale of the super-block
///          2     2 h      u16: upper 2 bits of the eight scales, the first lowest
///          4     4 l      lower 4 bits of the scales, low half first
///          8   128 q      8 × 16 bytes, one each 32 weights: the low half of byte j is weight j, the
///                         high one j + 16
///
/// Restored: weight = d · (s - 32) · value[q], where s = l | h << 4.
///
/// Scales may be negative, because the values reach further down (-127) than up (113).
public enum IQ4_XS: SearchedFormat {
  /// Number 23: 256 weights in 136 bytes.
  public static var type: TensorType { .IQ4_XS }

  /// The scale, and the word of upper scale bits.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: one look-up each.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .IQ4_XS(IQ4_NLValues.values), into: &weights)
  }

  /// Writes weights with the scales of least error that the value search finds.
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
        weights: 32, subBlocks: 8, levels: 120, codes: 32, firstStep: -25, lastStep: 25, steps: 6,
        bothSides: true, refits: 1, rounds: 1))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(half: found.scale, at: 0)
    var high: UInt16 = 0
    for part in 0..<4 {
      let first = UInt8(found.scaleCodes[2 * part] + 32)
      let second = UInt8(found.scaleCodes[2 * part + 1] + 32)
      block.set(first & 15 | second << 4, at: 4 + part)
      high |= (UInt16(first >> 4) | UInt16(second >> 4) << 2) << (4 * UInt16(part))
    }
    block.set(high, at: 2)
    for part in 0..<8 {
      for index in 0..<16 {
        let first = found.quants[32 * part + index]
        block.set(first | found.quants[32 * part + index + 16] << 4, at: 8 + 16 * part + index)
      }
    }
  }
}
