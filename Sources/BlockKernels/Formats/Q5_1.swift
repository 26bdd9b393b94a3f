// SPDX-License-Identifier: MIT

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
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q5_1, "Q5_1", weights: 32, bytes: 24,
    fileTypes: [.init(9, "Q5_1")],
    activations: .Q8_1, typicalError: 0.000972)

  /// The scale and the min, and the word of fifth bits, as in `Q5_0`.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2, count: 2), WideField(offset: 4, width: 4)]
  }

  /// The scale and the min.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 0, .half), FloatField("m", at: 2, .half)]
  }

  /// Restores weights: mask, join, multiply, add.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 24 &* index
      let target = run.weights + 128 &* index
      let d = half(block)
      let m = half(block + 2)
      let q = bytes(block + 8)
      let low = (q & 15) | fifthBits(block + 4)
      let high = (q &>> 4) | fifthBits(block + 6)
      store(d * floats(low) + m, target)
      store(d * floats(high) + m, target + 64)
    }
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

extension TensorType {
  /// 5-bit quants with a scale and a min for 32.
  public static let Q5_1 = TensorType(rawValue: 7)
}
