// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

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
  /// Number 19: 256 weights in 50 bytes.
  public static var type: TensorType { .IQ1_S }

  /// The scale, and the words with index bits and scales.
  public static var wideFields: [WideField] {
    [WideField(offset: 0, width: 2), WideField(offset: 34, width: 2, count: 8)]
  }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: one look-up in the codebook for eight of them.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: BlockDecoder.IQ1_S, IQ1_SGrid.entries, into: &weights)
  }

  /// Writes weights with the entries and scales of least error that the grid search finds.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeByGrid(
      rows, rowWeights: rowWeights, importance: importance, effort: effort, into: &blocks)
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
