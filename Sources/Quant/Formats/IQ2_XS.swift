// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

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
  /// Number 17: 256 weights in 74 bytes.
  public static var type: TensorType { .IQ2_XS }

  /// The scale and the groups.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2), WideField(offset: 2, width: 2, count: 32)]
  }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: one look-up in the codebook and one in the signs for eight of them.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(
      blocks, by: BlockDecoder.IQ2_XS, IQ2_XSGrid.entries, signs: SignMasks.evenFactors,
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
