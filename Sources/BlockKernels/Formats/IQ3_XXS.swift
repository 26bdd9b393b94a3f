// SPDX-License-Identifier: MIT

/// 3.06 bits a weight: groups of four magnitudes from a codebook of 256, signs, a scale each 32.
///
///     offset bytes field
///          0     2 d      half: scale of the super-block
///          2    64 q      index of each group in the codebook
///         66    32 signs  u32 × 8, one each 32 weights: 4 × 7 bits of signs of eight weights, the
///                         first lowest; above them 4 bits of scale s
///
/// Restored: weight = d · (s + ½) / 2 · magnitude · sign.
///
/// The codebook's magnitudes are multiples of about 4, which the halved scale brings near 2. The
/// half added keeps the smallest of 16 scales from being zero. Seven bits give eight signs because
/// their number of minuses is always even.
public enum IQ3_XXS: GridFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .IQ3_XXS, "IQ3_XXS", weights: 256, bytes: 98,
    fileTypes: [.init(23, "IQ3_XXS")],
    fallback: .IQ4_NL, activations: .Q8_K, typicalError: 0.0244)

  /// The scale, and the words of signs.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2), WideField(offset: 66, width: 4, count: 8)]
  }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  @usableFromInline static let tables = GridTables(
    IQ3_XXSGrid.entries, signs: SignMasks.evenFactors)

  /// Restores weights: two look-ups in the codebook and one in the signs for eight of them.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let tables = tables
    for index in 0..<run.count {
      let block = run.blocks + 98 &* index
      let target = run.weights + 1024 &* index
      let d = half(block)
      for part in 0..<8 {
        let word = word32(block + (66 &+ 4 &* part))
        let scale = d * (Float(Int32(word &>> 28)) + 0.5) * 0.5
        for pair in 0..<4 {
          let entries = block + (2 &+ 8 &* part &+ 2 &* pair)
          let magnitudes = SIMD8(
            lowHalf: tables.entries[byte(entries)], highHalf: tables.entries[byte(entries + 1)])
          let signs = tables.signs[Int(word &>> UInt32(7 &* pair) & 127)]
          store(scale * magnitudes * signs, target + (128 &* part &+ 32 &* pair))
        }
      }
    }
  }

  static let grid = SearchGrid(IQ3_XXSGrid.entries, levels: IQ3_XXSGrid.levels, factor: 0.25)

  static var shape: GridShape {
    GridShape(
      SearchShape(
        weights: 32, subBlocks: 8, levels: 15.5, codes: 15, firstStep: -4, lastStep: 8,
        steps: 12, bothSides: false, rounds: 1),
      signs: .even, closeTrials: 5)
  }

  static func pack(_ found: FoundGroups, into block: inout MutableRawSpan) {
    block.set(half: found.scale, at: 0)
    for group in 0..<64 { block.set(UInt8(found.entries[group]), at: 2 + group) }
    for part in 0..<8 {
      var word = UInt32(found.scaleCodes[part]) << 28
      for pair in 0..<4 {
        word |= UInt32(found.signs[4 * part + pair] & 127) << (7 * UInt32(pair))
      }
      block.set(word, at: 66 + 4 * part)
    }
  }
}

extension IQ3_XXS {
  /// How weights are restored.
  public static let feedback = feedbackShape(
    IQ3_XXSGrid.entries, levels: IQ3_XXSGrid.levels, factor: 0.25)
}

extension TensorType {
  /// Groups of 4 from 256 grid points, 3.06 bits a weight.
  public static let IQ3_XXS = TensorType(rawValue: 18)
}
