// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

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
  /// Number 21: 256 weights in 110 bytes.
  public static var type: TensorType { .IQ3_S }

  /// The scale; all else is bytes.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  /// Restores weights: two look-ups in the codebook and one in the signs for eight of them.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: BlockDecoder.IQ3_S, IQ3_SGrid.entries, into: &weights)
  }

  /// Writes weights with the entries and scales of least error that the grid search finds.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    encodeByGrid(
      rows, rowWeights: rowWeights, importance: importance, effort: effort, into: &blocks)
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
