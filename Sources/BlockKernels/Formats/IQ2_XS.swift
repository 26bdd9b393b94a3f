// SPDX-License-Identifier: MIT

/// 2.31 bits a weight: groups of eight magnitudes from a codebook of 512, signs, a scale each 16.
///
///     offset bytes field
///          0     2 d      half: scale of the super-block
///          2    64 q      u16 × 32, one a group of eight: 9 bits of index, above them 7 of signs
///         66     8 s      4 bits of scale for each 16 weights, low half first
///
/// Restored: weight = d · (s + ½) / 4 · magnitude · sign.
///
/// Constants as in `IQ2_XXS`: a quarter brings the codebook's multiples of about 8 near 2, the half
/// keeps the smallest scale from being zero, and the eighth sign makes the minuses even in number.
public enum IQ2_XS: GridFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .IQ2_XS, "IQ2_XS", weights: 256, bytes: 74,
    fileTypes: [.init(20, "IQ2_XS"), .init(28, "IQ2_S")],
    fallback: .IQ4_NL, activations: .Q8_K, typicalError: 0.0696)

  /// The scale and the groups.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2), WideField(offset: 2, width: 2, count: 32)]
  }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  @usableFromInline static let tables = GridTables(IQ2_XSGrid.entries, signs: SignMasks.evenFactors)

  /// Restores weights: one look-up in the codebook and one in the signs for eight of them.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let tables = tables
    for index in 0..<run.count {
      let block = run.blocks + 74 &* index
      let target = run.weights + 1024 &* index
      let scales = quarterScales(half(block), word64(block + 66))
      for part in 0..<16 {
        for group in 2 &* part..<2 &* part &+ 2 {
          let q = word16(block + (2 &+ 2 &* group))
          let signs = tables.signs[Int(q &>> 9)]
          store(scales[part] * tables.entries[Int(q & 511)] * signs, target + 32 &* group)
        }
      }
    }
  }

  static let grid = SearchGrid(IQ2_XSGrid.entries, levels: IQ2_XSGrid.levels, factor: 0.125)

  static var shape: GridShape {
    GridShape(
      SearchShape(
        weights: 16, subBlocks: 16, levels: 5.375, codes: 15, firstStep: -1.5, lastStep: 4,
        steps: 8, bothSides: false, rounds: 1),
      signs: .even)
  }

  static func pack(_ found: FoundGroups, into block: inout MutableRawSpan) {
    block.set(half: found.scale, at: 0)
    for group in 0..<32 {
      let signs = UInt16(found.signs[group] & 127)
      block.set(found.entries[group] | signs << 9, at: 2 + 2 * group)
    }
    for part in 0..<found.scaleCodes.count / 2 {
      let low = UInt8(found.scaleCodes[2 * part])
      block.set(low | UInt8(found.scaleCodes[2 * part + 1]) << 4, at: 66 + part)
    }
  }
}

extension IQ2_XS {
  /// How weights are restored.
  public static let feedback = feedbackShape(
    IQ2_XSGrid.entries, levels: IQ2_XSGrid.levels, factor: 0.125)
}

extension TensorType {
  /// Groups of 8 from 512 grid points, 2.31 bits a weight.
  public static let IQ2_XS = TensorType(rawValue: 17)
}
