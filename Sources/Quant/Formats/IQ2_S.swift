// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

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
  /// Number 22: 256 weights in 82 bytes.
  public static var type: TensorType { .IQ2_S }

  /// The scale; all else is bytes.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: one look-up in the codebook and one in the signs for eight of them.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: BlockDecoder.IQ2_S, IQ2_SGrid.entries, into: &weights)
  }

  /// Writes weights with the entries and scales of least error that the grid search finds.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeByGrid(
      rows, rowWeights: rowWeights, importance: importance, effort: effort, into: &blocks)
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
