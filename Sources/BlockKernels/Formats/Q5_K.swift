// SPDX-License-Identifier: MIT

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
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q5_K, "Q5_K", weights: 256, bytes: 176,
    fileTypes: [.init(16, "Q5_K_S"), .init(17, "Q5_K_M", alias: "Q5_K")],
    fallback: .Q5_1, activations: .Q8_K, typicalError: 0.00110)

  /// The two halves.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// What scales and mins are multiples of.
  public static var floatFields: [FloatField] {
    [FloatField("d", at: 0, .half), FloatField("e", at: 2, .half)]
  }

  /// Restores weights: mask, join, multiply, subtract.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 176 &* index
      let target = run.weights + 1024 &* index
      let packed = PackedSixes(block + 4)
      let scales = half(block) * packed.scales
      let mins = half(block + 2) * packed.mins
      var (firstFifth, secondFifth) = (bytes(block + 16), bytes(block + 32))
      for pair in 0..<4 {
        let q = block + (48 &+ 32 &* pair)
        let out = target + 256 &* pair
        let (first, second) = (bytes(q), bytes(q + 16))
        let (s, m) = (scales[2 &* pair], mins[2 &* pair])
        store(s * floats(first & 15 | (firstFifth & 1) &<< 4) - m, out)
        store(s * floats(second & 15 | (secondFifth & 1) &<< 4) - m, out + 64)
        let (t, n) = (scales[2 &* pair &+ 1], mins[2 &* pair &+ 1])
        store(t * floats(first &>> 4 | (firstFifth & 2) &<< 3) - n, out + 128)
        store(t * floats(second &>> 4 | (secondFifth & 2) &<< 3) - n, out + 192)
        firstFifth = firstFifth &>> 2
        secondFifth = secondFifth &>> 2
      }
    }
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

extension TensorType {
  /// 5-bit quants in super-blocks of 256, scale and min for 32.
  public static let Q5_K = TensorType(rawValue: 13)
}
