// SPDX-License-Identifier: MIT

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
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q3_K, "Q3_K", weights: 256, bytes: 110,
    fileTypes: [.init(11, "Q3_K_S"), .init(12, "Q3_K_M", alias: "Q3_K"), .init(13, "Q3_K_L")],
    fallback: .Q4_0, activations: .Q8_K, typicalError: 0.0184)

  /// The half; all else is bytes.
  public static var wideFields: [WideField] { [WideField(offset: 108, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 108, .half)] }

  /// Restores weights: shift, mask, join, multiply.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 110 &* index
      let target = run.weights + 1024 &* index
      let scales = half(block + 108) * signedFloats(signedSixes(block + 96) &- 32)
      var (firstThird, secondThird) = (bytes(block), bytes(block + 16))
      for part in 0..<2 {
        var first = bytes(block + (32 &+ 32 &* part))
        var second = bytes(block + (48 &+ 32 &* part))
        for pair in 0..<4 {
          let at = 8 &* part &+ 2 &* pair
          let low = first & 3 | (firstThird & 1) &<< 2
          let high = second & 3 | (secondThird & 1) &<< 2
          store(scales[at] * signedFloats(low &- 4), target + 64 &* at)
          store(scales[at &+ 1] * signedFloats(high &- 4), target + (64 &* at &+ 64))
          (first, second) = (first &>> 2, second &>> 2)
          (firstThird, secondThird) = (firstThird &>> 1, secondThird &>> 1)
        }
      }
    }
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

extension TensorType {
  /// 3-bit quants in super-blocks of 256, scale for 16.
  public static let Q3_K = TensorType(rawValue: 11)
}

/// The sixteen numbers of 6 bits that `Q3_K` keeps in 12 bytes.
@inlinable @inline(always)
func signedSixes(_ source: UnsafeRawPointer) -> Bytes {
  let low = word64(source)
  let upper = UInt64(word32(source + 8))
  // Eight numbers a word: the upper bits of four stand in the four bytes, two bits further up for
  // the next four.
  let first = upper & 0x0303_0303 | (upper &<< 30) & 0x0303_0303_0000_0000
  let second = (upper &>> 4) & 0x0303_0303 | (upper &<< 26) & 0x0303_0303_0000_0000
  let mask: UInt64 = 0x0F0F_0F0F_0F0F_0F0F
  let words = SIMD2(
    (low & mask | first &<< 4).littleEndian, ((low &>> 4) & mask | second &<< 4).littleEndian)
  return unsafeBitCast(words, to: Bytes.self)
}
