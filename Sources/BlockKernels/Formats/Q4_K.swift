// SPDX-License-Identifier: MIT

/// 4.5 bits a weight: 16 levels, with a 6-bit scale and min each 32 under two halves.
///
///     offset bytes field
///          0     2 d      half: what the scales are multiples of
///          2     2 e      half: what the mins are multiples of
///          4    12 s      8 scales and 8 mins of 6 bits, see `PackedScales`
///         16   128 q      4 bits a weight: 32 bytes each 64 weights, the low half of byte j being
///                         weight j, the high one j + 32
///
/// Restored: weight = (d · scale) · q - e · min.
///
/// Mins are subtracted and never negative, so that a level at or below zero always exists.
public enum Q4_K: SearchedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q4_K, "Q4_K", weights: 256, bytes: 144,
    fileTypes: [.init(14, "Q4_K_S"), .init(15, "Q4_K_M", alias: "Q4_K")],
    fallback: .Q5_0, activations: .Q8_K, typicalError: 0.00427)

  /// The two halves.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// What scales and mins are multiples of.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 0, .half), FloatField("e", at: 2, .half)]
  }

  /// Restores weights: mask, multiply, subtract.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 144 &* index
      let target = run.weights + 1024 &* index
      let packed = PackedSixes(block + 4)
      let scales = half(block) * packed.scales
      let mins = half(block + 2) * packed.mins
      for pair in 0..<4 {
        let q = block + (16 &+ 32 &* pair)
        let out = target + 256 &* pair
        let (first, second) = (bytes(q), bytes(q + 16))
        let (s, m) = (scales[2 &* pair], mins[2 &* pair])
        store(s * floats(first & 15) - m, out)
        store(s * floats(second & 15) - m, out + 64)
        let (t, n) = (scales[2 &* pair &+ 1], mins[2 &* pair &+ 1])
        store(t * floats(first &>> 4) - n, out + 128)
        store(t * floats(second &>> 4) - n, out + 192)
      }
    }
  }

  static var search: BlockSearch {
    .affine(
      SearchShape(
        weights: 32, subBlocks: 8, levels: 15, codes: 63, firstStep: -2, lastStep: 2, steps: 8,
        bothSides: true, rounds: 2))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    block.set(Half.exact(found.scale), at: 0)
    block.set(Half.exact(found.min), at: 2)
    PackedScales.pack(found, into: &block, at: 4)
    for pair in 0..<4 {
      let quants = found.quants.extracting(64 * pair..<64 * pair + 64)
      for index in 0..<32 {
        block.set(quants[index] | quants[index + 32] << 4, at: 16 + 32 * pair + index)
      }
    }
  }
}

extension TensorType {
  /// 4-bit quants in super-blocks of 256, scale and min for 32.
  public static let Q4_K = TensorType(rawValue: 12)
}
