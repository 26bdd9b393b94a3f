// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// 1.75 bits a weight: as `IQ1_S`, with a scale each 16 weights and a shift each eight.
///
///     offset bytes field
///          0    32 q      lower 8 bits of each group's index
///         32    16 h      4 bits a group of eight, low half first: 3 upper bits of the index, above
///                         them the shift's sign
///         48     8 s      u16 × 4, one each 64 weights: 4 × 3 bits of scale, the first lowest; the
///                         top 4 bits of the four words, first word lowest, are d as a half
///
/// Restored: weight = d · (2 s + 1) · (value ± ⅛).
///
/// Values are -1, 0 and 1, from the codebook of `IQ1_S`. The shift of an eighth stands in for a mean
/// that is not zero; odd scales keep the smallest from being zero. Four words of 3-bit scales have
/// 16 bits to spare, and d takes them.
public enum IQ1_M: GridFormat {
  /// Number 29: 256 weights in 56 bytes.
  public static var type: TensorType { .IQ1_M }

  /// The words of scales.
  public static var wideFields: [WideField] { [WideField(offset: 48, width: 2, count: 4)] }

  /// None that stands in one place: see `codeFault`.
  public static var floatFields: [FloatField] { [] }

  /// Restores weights: one look-up in the codebook for eight of them.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: BlockDecoder.IQ1_M, IQ1_SGrid.entries, into: &weights)
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
        weights: 16, subBlocks: 16, levels: 1, codes: 7, firstStep: -0.1, lastStep: 2.5,
        steps: 8, bothSides: false, rounds: 1),
      signs: .groupShifted, exactCodes: false)
  }

  static func pack(_ found: FoundGroups, into block: inout MutableRawSpan) {
    for pair in 0..<16 {
      let (first, second) = (found.entries[2 * pair], found.entries[2 * pair + 1])
      block.set(UInt8(truncatingIfNeeded: first), at: 2 * pair)
      block.set(UInt8(truncatingIfNeeded: second), at: 2 * pair + 1)
      let low = UInt8(first >> 8) | found.shifts[2 * pair] << 3
      block.set(low | (UInt8(second >> 8) | found.shifts[2 * pair + 1] << 3) << 4, at: 32 + pair)
    }
    let half = Half.nearest(found.scale)
    for word in 0..<4 {
      var bits = (half >> (4 * UInt16(word)) & 15) << 12
      for part in 0..<4 {
        bits |= UInt16(found.scaleCodes[4 * word + part]) << (3 * UInt16(part))
      }
      block.set(bits, at: 48 + 2 * word)
    }
  }
}

extension IQ1_M: CodedFormat {
  /// The scale d stands in the top bits of four words.
  static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    var bits: UInt16 = 0
    for word in 0..<4 {
      bits |= (block.u16(at: 48 + 2 * word) >> 12) << (4 * UInt16(word))
    }
    guard bits & 0x7C00 == 0x7C00 else { return nil }
    return .notFinite("d", at: 48, widenedHalf(bits))
  }
}
