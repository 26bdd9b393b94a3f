// SPDX-License-Identifier: MIT

/// 1.56 bits a weight: groups of eight from a codebook of 2,048 ternary ones, a scale each 32.
///
///     offset bytes field
///          0     2 d      half: scale of the super-block
///          2    32 q      lower 8 bits of each group's index
///         34    16 h      u16 × 8, one each 32 weights: 4 × 3 upper bits of the indices, group 0
///                         lowest; above them 3 bits of scale s; the top bit the shift's sign
///
/// Restored: weight = d · (2 s + 1) · (value ± ⅛).
///
/// Values are -1, 0 and 1. The shift of an eighth, the same for 32 weights, stands in for a mean
/// that is not zero; odd scales keep the smallest from being zero.
public enum IQ1_S: GridFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .IQ1_S, "IQ1_S", weights: 256, bytes: 50,
    fileTypes: [.init(24, "IQ1_S")],
    fallback: .IQ4_NL, activations: .Q8_K, typicalError: 0.198)

  /// The scale, and the words with index bits and scales.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2), WideField(offset: 34, width: 2, count: 8)]
  }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  @usableFromInline static let tables = GridTables(IQ1_SGrid.entries)

  /// Restores weights: one look-up in the codebook for eight of them.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let tables = tables
    for index in 0..<run.count {
      let block = run.blocks + 50 &* index
      let target = run.weights + 1024 &* index
      let d = half(block)
      for part in 0..<8 {
        let word = Int(word16(block + (34 &+ 2 &* part)))
        let scale = d * Float(Int32(truncatingIfNeeded: word &>> 11 & 14 | 1))
        let shift: Float = word & 0x8000 == 0 ? 0.125 : -0.125
        for group in 0..<4 {
          let entry = byte(block + (2 &+ 4 &* part &+ group)) | (word &>> (3 &* group) & 7) &<< 8
          store(scale * (tables.entries[entry] + shift), target + (128 &* part &+ 32 &* group))
        }
      }
    }
  }

  static let grid = SearchGrid(IQ1_SGrid.entries, levels: IQ1_SGrid.levels, factor: 1)

  static var shape: GridShape {
    GridShape(
      SearchShape(
        weights: 32, subBlocks: 8, levels: 1, codes: 7, firstStep: -0.1, lastStep: 2.5,
        steps: 8, bothSides: false, rounds: 1),
      signs: .shifted, exactCodes: false)
  }

  static func pack(_ found: FoundGroups, into block: inout MutableRawSpan) {
    block.set(half: found.scale, at: 0)
    for part in 0..<8 {
      var high = UInt16(found.scaleCodes[part]) << 12 | UInt16(found.shifts[4 * part]) << 15
      for group in 0..<4 {
        let entry = found.entries[4 * part + group]
        block.set(UInt8(truncatingIfNeeded: entry), at: 2 + 4 * part + group)
        high |= (entry >> 8) << (3 * UInt16(group))
      }
      block.set(high, at: 34 + 2 * part)
    }
  }
}

extension IQ1_S {
  /// How weights are restored.
  public static let feedback = feedbackShape(
    IQ1_SGrid.entries, levels: IQ1_SGrid.levels, factor: 1)
}

extension TensorType {
  /// Groups of 8 ternary weights from 2048 grid points, 1.56 bits a weight.
  public static let IQ1_S = TensorType(rawValue: 19)
}
