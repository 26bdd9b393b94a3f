// SPDX-License-Identifier: MIT

/// 3.44 bits a weight: groups of four magnitudes from a codebook of 512, all signs, a scale each 32.
///
///     offset bytes field
///          0     2 d      half: scale of the super-block
///          2    64 q      lower 8 bits of each group's index
///         66     8 h      upper bit of the indices, eight groups a byte, group 0 lowest
///         74    32 signs  a bit a weight, weight 0 lowest
///        106     4 s      4 bits of scale for each 32 weights, low half first
///
/// Restored: weight = d · (2 s + 1) · magnitude · sign.
///
/// The codebook's magnitudes are odd, 1 to 15; odd scales keep the smallest from being zero.
public enum IQ3_S: GridFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .IQ3_S, "IQ3_S", weights: 256, bytes: 110,
    fileTypes: [.init(22, "IQ3_XS"), .init(26, "IQ3_S"), .init(27, "IQ3_M")],
    fallback: .IQ4_NL, activations: .Q8_K, typicalError: 0.0147)

  /// The scale; all else is bytes.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  @usableFromInline static let tables = GridTables(IQ3_SGrid.entries)

  /// Restores weights: two look-ups in the codebook and one in the signs for eight of them.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let tables = tables
    for index in 0..<run.count {
      let block = run.blocks + 110 &* index
      let target = run.weights + 1024 &* index
      let d = half(block)
      let codes = word32(block + 106)
      for part in 0..<8 {
        let code = Int32(truncatingIfNeeded: codes &>> UInt32(4 &* part) & 15)
        let scale = d * Float(2 &* code &+ 1)
        let upper = byte(block + (66 &+ part))
        for pair in 0..<4 {
          let entries = block + (2 &+ 8 &* part &+ 2 &* pair)
          let first = byte(entries) | (upper &<< (8 &- 2 &* pair)) & 256
          let second = byte(entries + 1) | (upper &<< (7 &- 2 &* pair)) & 256
          let magnitudes = SIMD8(lowHalf: tables.entries[first], highHalf: tables.entries[second])
          let signs = tables.signs[byte(block + (74 &+ 4 &* part &+ pair))]
          store(scale * magnitudes * signs, target + (128 &* part &+ 32 &* pair))
        }
      }
    }
  }

  static let grid = SearchGrid(IQ3_SGrid.entries, levels: IQ3_SGrid.levels, factor: 1)

  static var shape: GridShape {
    GridShape(
      SearchShape(
        weights: 32, subBlocks: 8, levels: 15, codes: 15, firstStep: -4, lastStep: 8,
        steps: 12, bothSides: false, rounds: 1),
      signs: .free)
  }

  static func pack(_ found: FoundGroups, into block: inout MutableRawSpan) {
    block.set(half: found.scale, at: 0)
    for part in 0..<8 {
      var high: UInt8 = 0
      for group in 0..<8 {
        let entry = found.entries[8 * part + group]
        block.set(UInt8(truncatingIfNeeded: entry), at: 2 + 8 * part + group)
        high |= UInt8(entry >> 8) << UInt8(group)
      }
      block.set(high, at: 66 + part)
    }
    for octet in 0..<32 { block.set(found.signs[octet], at: 74 + octet) }
    for part in 0..<found.scaleCodes.count / 2 {
      let low = UInt8(found.scaleCodes[2 * part])
      block.set(low | UInt8(found.scaleCodes[2 * part + 1]) << 4, at: 106 + part)
    }
  }
}

extension IQ3_S {
  /// How weights are restored.
  public static let feedback = feedbackShape(
    IQ3_SGrid.entries, levels: IQ3_SGrid.levels, factor: 1)
}

extension TensorType {
  /// Groups of 4 from 512 grid points, 3.44 bits a weight.
  public static let IQ3_S = TensorType(rawValue: 21)
}
