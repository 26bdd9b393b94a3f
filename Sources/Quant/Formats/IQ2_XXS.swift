// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

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
  /// Number 16: 256 weights in 66 bytes.
  public static var type: TensorType { .IQ2_XXS }

  /// The scale, and the words of signs; the indices are read as bytes.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2)] + (0..<8).map { WideField(offset: 6 + 8 * $0, width: 4) }
  }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: one look-up in the codebook and one in the signs for eight of them.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(
      blocks, by: BlockDecoder.IQ2_XXS, IQ2_XXSGrid.entries, signs: SignMasks.evenFactors,
      into: &weights)
  }

  /// Writes weights with the entries and scales of least error that the grid search finds.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeByGrid(
      rows, rowWeights: rowWeights, importance: importance, effort: effort, into: &blocks)
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
