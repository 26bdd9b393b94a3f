// SPDX-License-Identifier: MIT

/// 2.56 bits a weight: groups of eight magnitudes from a codebook of 1,024, all signs, a scale each 16.
///
///     offset bytes field
///          0     2 d      half: scale of the super-block
///          2    32 q      lower 8 bits of each group's index
///         34    32 signs  a bit a weight, weight 0 of a group lowest
///         66     8 h      upper 2 bits of the indices, four groups a byte, group 0 lowest
///         74     8 s      4 bits of scale for each 16 weights, low half first
///
/// Restored: weight = d · (s + ½) / 4 · magnitude · sign.
///
/// A quarter brings the codebook's multiples of about 8 near 2; the half keeps the smallest scale
/// from being zero.
public enum IQ2_S: GridFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .IQ2_S, "IQ2_S", weights: 256, bytes: 82,
    fileTypes: [.init(29, "IQ2_M")],
    fallback: .IQ4_NL, activations: .Q8_K, typicalError: 0.0516)

  /// The scale; all else is bytes.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  @usableFromInline static let tables = GridTables(IQ2_SGrid.entries)

  /// Restores weights: one look-up in the codebook and one in the signs for eight of them.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let tables = tables
    for index in 0..<run.count {
      let block = run.blocks + 82 &* index
      let target = run.weights + 1024 &* index
      let scales = quarterScales(half(block), word64(block + 74))
      for part in 0..<16 {
        for group in 2 &* part..<2 &* part &+ 2 {
          let upper = byte(block + (66 &+ group / 4)) &>> (2 &* (group % 4)) & 3
          let entry = byte(block + (2 &+ group)) | upper &<< 8
          let signs = tables.signs[byte(block + (34 &+ group))]
          store(scales[part] * tables.entries[entry] * signs, target + 32 &* group)
        }
      }
    }
  }

  static let grid = SearchGrid(IQ2_SGrid.entries, levels: IQ2_SGrid.levels, factor: 0.125)

  static var shape: GridShape {
    GridShape(
      SearchShape(
        weights: 16, subBlocks: 16, levels: 5.375, codes: 15, firstStep: -1.5, lastStep: 4,
        steps: 8, bothSides: false, rounds: 1),
      signs: .free)
  }

  static func pack(_ found: FoundGroups, into block: inout MutableRawSpan) {
    block.set(half: found.scale, at: 0)
    for part in 0..<8 {
      var high: UInt8 = 0
      for group in 0..<4 {
        let entry = found.entries[4 * part + group]
        block.set(UInt8(truncatingIfNeeded: entry), at: 2 + 4 * part + group)
        block.set(found.signs[4 * part + group], at: 34 + 4 * part + group)
        high |= UInt8(entry >> 8) << (2 * UInt8(group))
      }
      block.set(high, at: 66 + part)
    }
    for part in 0..<found.scaleCodes.count / 2 {
      let low = UInt8(found.scaleCodes[2 * part])
      block.set(low | UInt8(found.scaleCodes[2 * part + 1]) << 4, at: 74 + part)
    }
  }
}

extension IQ2_S {
  /// How weights are restored.
  public static let feedback = feedbackShape(
    IQ2_SGrid.entries, levels: IQ2_SGrid.levels, factor: 0.125)
}

extension TensorType {
  /// Groups of 8 from 1024 grid points, 2.56 bits a weight.
  public static let IQ2_S = TensorType(rawValue: 22)
}
