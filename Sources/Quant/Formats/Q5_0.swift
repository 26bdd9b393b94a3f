// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 5.5 bits a weight: 32 evenly spaced levels around zero, a scale each 32.
///
///     offset bytes field
///          0     2 d      half: scale, of either sign
///          2     4 h      u32: bit j is the fifth bit of weight j
///          6    16 q      4 lower bits a weight: the low half of byte j is weight j, the high one
///                         j + 16
///
/// Restored: weight = d · ((q | h << 4) - 16).
///
/// The fifth bits stand apart so that the others can be taken out as in Q4_0; 16 makes zero one of
/// the levels.
public enum Q5_0: SearchedFormat {
  /// Number 6: 32 weights in 22 bytes.
  public static var type: TensorType { .Q5_0 }

  /// The scale, and the word of fifth bits, which the reference reads in the machine's byte order.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2), WideField(offset: 2, width: 4)]
  }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: mask, join, subtract, multiply.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .Q5_0, into: &weights)
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
        weights: 32, levels: 16, firstStep: -4, lastStep: 2, steps: 16, bothSides: false,
        refits: 1))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(Half.exact(found.scale), at: 0)
    block.set(FifthBits.collect(found.quants), at: 2)
    for index in 0..<16 {
      let low = found.quants[index] & 15
      block.set(low | found.quants[index + 16] << 4, at: 6 + index)
    }
  }
}

/// The fifth bits of 32 weights in one word, as Q5_0 and Q5_1 have them.
enum FifthBits {
  /// The word of 32 quants.
  @inline(__always)
  static func collect(_ quants: Span<UInt8>) -> UInt32 {
    var word: UInt32 = 0
    for index in 0..<32 { word |= UInt32(quants[index] >> 4) << UInt32(index) }
    return word
  }
}
