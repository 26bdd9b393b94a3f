// SPDX-License-Identifier: MIT

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
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q2_K, "Q2_K", weights: 256, bytes: 84,
    fileTypes: [.init(10, "Q2_K"), .init(21, "Q2_K_S")],
    fallback: .Q4_0, activations: .Q8_K, typicalError: 0.0576)

  /// The two halves.
  public static var wideFields: [WideField] { [WideField(offset: 80, width: 2, count: 2)] }

  /// What scales and mins are multiples of.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 80, .half), FloatField("e", at: 82, .half)]
  }

  /// Restores weights: shift, mask, multiply, subtract.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 84 &* index
      let target = run.weights + 1024 &* index
      let packed = bytes(block)
      let scales = half(block + 80) * floats(packed & 15)
      let mins = half(block + 82) * floats(packed &>> 4)
      for part in 0..<2 {
        var first = bytes(block + (16 &+ 32 &* part))
        var second = bytes(block + (32 &+ 32 &* part))
        for pair in 0..<4 {
          let at = 8 &* part &+ 2 &* pair
          store(scales[at] * floats(first & 3) - mins[at], target + 64 &* at)
          store(scales[at &+ 1] * floats(second & 3) - mins[at &+ 1], target + (64 &* at &+ 64))
          first = first &>> 2
          second = second &>> 2
        }
      }
    }
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

extension TensorType {
  /// 2-bit quants in super-blocks of 256, scale and min for 16.
  public static let Q2_K = TensorType(rawValue: 10)
}
