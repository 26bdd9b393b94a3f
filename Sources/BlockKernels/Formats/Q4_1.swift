// SPDX-License-Identifier: MIT

/// 5 bits a weight: 16 evenly spaced levels, with a scale and a min each 32.
///
///     offset bytes field
///          0     2 d      half: scale
///          2     2 m      half: min, the value of q = 0, of either sign
///          4    16 q      4 bits a weight: the low half of byte j is weight j, the high one j + 16
///
/// Restored: weight = d · q + m.
///
/// The min lets the levels lie where the weights do, instead of around zero.
public enum Q4_1: SearchedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q4_1, "Q4_1", weights: 32, bytes: 20,
    fileTypes: [.init(3, "Q4_1")],
    activations: .Q8_1)

  /// The scale and the min.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// The scale and the min.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 0, .half), FloatField("m", at: 2, .half)]
  }

  /// Restores weights: mask, multiply, add.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 20 &* index
      let target = run.weights + 128 &* index
      let d = half(block)
      let m = half(block + 2)
      let q = bytes(block + 4)
      store(d * floats(q & 15) + m, target)
      store(d * floats(q &>> 4) + m, target + 64)
    }
  }

  static var search: BlockSearch {
    .affine(
      SearchShape(
        weights: 32, levels: 15, firstStep: -2, lastStep: 2, steps: 12, bothSides: true, refits: 1))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(Half.exact(found.scale), at: 0)
    block.set(Half.exact(found.min), at: 2)
    for index in 0..<16 {
      block.set(found.quants[index] | found.quants[index + 16] << 4, at: 4 + index)
    }
  }
}

extension TensorType {
  /// 4-bit quants with a scale and a min for 32.
  public static let Q4_1 = TensorType(rawValue: 3)
}
