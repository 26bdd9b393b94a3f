// SPDX-License-Identifier: MIT

/// 2.06 bits a weight: groups of eight magnitudes from a codebook of 256, signs, a scale each 32.
///
///     offset bytes field
///          0     2 d      half: scale of the super-block
///          2    64 8 × { 4 bytes: index of each group in the codebook
///                        u32: 4 × 7 bits of signs, group 0 lowest; above them 4 bits of scale s }
///
/// Restored: weight = d · (s + ½) / 4 · magnitude · sign.
///
/// The codebook holds odd multiples (1, 3, 5) of about 8, so a quarter of the scale brings the
/// smallest magnitude near 2. The half keeps the smallest of 16 scales from being zero. Seven bits
/// give eight signs because their number of minuses is always even.
public enum IQ2_XXS: GridFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .IQ2_XXS, "IQ2_XXS", weights: 256, bytes: 66,
    fileTypes: [.init(19, "IQ2_XXS")],
    fallback: .IQ4_NL, activations: .Q8_K, typicalError: 0.0900)

  /// The scale, and the words of signs; the indices are read as bytes.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2)] + (0..<8).map { WideField(offset: 6 + 8 * $0, width: 4) }
  }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  @usableFromInline static let tables = GridTables(
    IQ2_XXSGrid.entries, signs: SignMasks.evenFactors)

  /// Restores weights: one look-up in the codebook and one in the signs for eight of them.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let tables = tables
    for index in 0..<run.count {
      let block = run.blocks + 66 &* index
      let target = run.weights + 1024 &* index
      let d = half(block)
      for part in 0..<8 {
        let entries = block + (2 &+ 8 &* part)
        let word = word32(entries + 4)
        let scale = d * (Float(Int32(word &>> 28)) + 0.5) * 0.25
        for group in 0..<4 {
          let signs = tables.signs[Int(word &>> UInt32(7 &* group) & 127)]
          store(
            scale * tables.entries[byte(entries + group)] * signs,
            target + (128 &* part &+ 32 &* group))
        }
      }
    }
  }

  static let grid = SearchGrid(IQ2_XXSGrid.entries, levels: IQ2_XXSGrid.levels, factor: 0.125)

  static var shape: GridShape {
    GridShape(
      SearchShape(
        weights: 32, subBlocks: 8, levels: 5.375, codes: 15, firstStep: -1.5, lastStep: 4,
        steps: 8, bothSides: false, rounds: 1),
      signs: .even)
  }

  static func pack(_ found: FoundGroups, into block: inout MutableRawSpan) {
    block.set(half: found.scale, at: 0)
    for part in 0..<8 {
      var word = UInt32(found.scaleCodes[part]) << 28
      for group in 0..<4 {
        word |= UInt32(found.signs[4 * part + group] & 127) << (7 * UInt32(group))
        block.set(UInt8(found.entries[4 * part + group]), at: 2 + 8 * part + group)
      }
      block.set(word, at: 6 + 8 * part)
    }
  }
}

extension IQ2_XXS {
  /// How weights are restored.
  public static let feedback = feedbackShape(
    IQ2_XXSGrid.entries, levels: IQ2_XXSGrid.levels, factor: 0.125)
}

extension TensorType {
  /// Groups of 8 from 256 grid points, 2.06 bits a weight.
  public static let IQ2_XXS = TensorType(rawValue: 16)
}
