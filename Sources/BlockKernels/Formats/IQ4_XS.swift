// SPDX-License-Identifier: MIT

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
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .IQ4_XS, "IQ4_XS", weights: 256, bytes: 136,
    fileTypes: [.init(30, "IQ4_XS")],
    fallback: .IQ4_NL, activations: .Q8_K, typicalError: 0.00506)

  /// The scale, and the word of upper scale bits.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2, count: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: one look-up each.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let table = ByteTable(IQ4_NLValues.table)
    for index in 0..<run.count {
      let block = run.blocks + 136 &* index
      let target = run.weights + 1024 &* index
      let d = half(block)
      let lower = word32(block + 4)
      let upper = UInt32(word16(block + 2))
      for part in 0..<8 {
        let low = (lower &>> UInt32(4 &* part)) & 15
        let high = (upper &>> UInt32(2 &* part)) & 3
        let scale = d * Float(Int32(bitPattern: low | high &<< 4) - 32)
        storeValues(bytes(block + (8 &+ 16 &* part)), table, scale, target + 128 &* part)
      }
    }
  }

  static var search: BlockSearch {
    .values(
      SearchShape(
        weights: 32, subBlocks: 8, levels: 120, codes: 32, firstStep: -25, lastStep: 25, steps: 6,
        bothSides: true, refits: 1, rounds: 1),
      IQ4_NLValues.table)
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

extension TensorType {
  /// As `IQ4_NL` in super-blocks of 256, 4.25 bits a weight.
  public static let IQ4_XS = TensorType(rawValue: 23)
}
