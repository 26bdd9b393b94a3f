// SPDX-License-Identifier: MIT

/// 6.5625 bits a weight: 64 levels around zero, with an 8-bit scale each 16 under one half.
///
///     offset bytes field
///          0   128 q      4 lower bits a weight: 64 bytes each 128 weights, the low half of byte j
///                         being weight j, the high one j + 64
///        128    64 h      2 upper bits a weight: 32 bytes each 128 weights, byte j holding those of
///                         weights j, j + 32, j + 64 and j + 96, the first lowest
///        192    16 s      i8: one scale each 16 weights
///        208     2 d      half: what the scales are multiples of
///
/// Restored: weight = (d · s) · ((q | h << 4) - 32).
///
/// Scales have a sign, so that each sub-block chooses which side reaches 32 levels and which 31.
public enum Q6_K: SearchedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q6_K, "Q6_K", weights: 256, bytes: 210,
    fileTypes: [.init(18, "Q6_K")],
    fallback: .Q8_0, activations: .Q8_K, typicalError: 0.000264)

  /// The half; all else is bytes.
  public static var wideFields: [WideField] { [WideField(offset: 208, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 208, .half)] }

  /// Restores weights: shift, mask, join, multiply.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 210 &* index
      let target = run.weights + 1024 &* index
      let scales = half(block + 208) * signedFloats(bytes(block + 192))
      for part in 0..<2 {
        for side in 0..<2 {
          let q = block + (64 &* part &+ 16 &* side)
          let (first, second) = (bytes(q), bytes(q + 32))
          let upper = bytes(block + (128 &+ 32 &* part &+ 16 &* side))
          let at = 8 &* part &+ side
          let out = target + 64 &* at
          let a = first & 15 | (upper &<< 4) & 0x30
          let b = second & 15 | (upper &<< 2) & 0x30
          let c = first &>> 4 | upper & 0x30
          let d = second &>> 4 | (upper &>> 2) & 0x30
          store(scales[at] * signedFloats(a &- 32), out)
          store(scales[at &+ 2] * signedFloats(b &- 32), out + 128)
          store(scales[at &+ 4] * signedFloats(c &- 32), out + 256)
          store(scales[at &+ 6] * signedFloats(d &- 32), out + 384)
        }
      }
    }
  }

  static var search: BlockSearch {
    .symmetric(
      SearchShape(
        weights: 16, subBlocks: 16, levels: 32, codes: 128, firstStep: -8, lastStep: 1, steps: 14,
        bothSides: false))
  }

  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan) {
    for half in 0..<2 {
      let quants = found.quants.extracting(128 * half..<128 * half + 128)
      for index in 0..<64 {
        block.set(quants[index] & 15 | quants[index + 64] << 4, at: 64 * half + index)
      }
      for index in 0..<32 {
        let low = quants[index] >> 4 | (quants[index + 32] >> 4) << 2
        let high = (quants[index + 64] >> 4) << 4 | (quants[index + 96] >> 4) << 6
        block.set(low | high, at: 128 + 32 * half + index)
      }
    }
    for part in 0..<16 { block.set(UInt8(bitPattern: found.scaleCodes[part]), at: 192 + part) }
    block.set(Half.exact(found.scale), at: 208)
  }
}

extension TensorType {
  /// 6-bit quants in super-blocks of 256, scale for 16.
  public static let Q6_K = TensorType(rawValue: 14)
}
