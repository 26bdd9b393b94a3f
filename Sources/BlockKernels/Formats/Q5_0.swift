// SPDX-License-Identifier: MIT

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
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q5_0, "Q5_0", weights: 32, bytes: 22,
    fileTypes: [.init(8, "Q5_0")],
    activations: .Q8_0, typicalError: 0.00151)

  /// The scale, and the word of fifth bits, which the reference reads in the machine's byte order.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2), WideField(offset: 2, width: 4)]
  }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: mask, join, subtract, multiply.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 22 &* index
      let target = run.weights + 128 &* index
      let d = half(block)
      let q = bytes(block + 6)
      let low = (q & 15) | fifthBits(block + 2)
      let high = (q &>> 4) | fifthBits(block + 4)
      store(d * signedFloats(low &- 16), target)
      store(d * signedFloats(high &- 16), target + 64)
    }
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

extension TensorType {
  /// 5-bit quants with a scale for 32.
  public static let Q5_0 = TensorType(rawValue: 6)
}
