// SPDX-License-Identifier: MIT

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
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .IQ1_M, "IQ1_M", weights: 256, bytes: 56,
    fileTypes: [.init(31, "IQ1_M")],
    fallback: .IQ4_NL, activations: .Q8_K, typicalError: 0.157)

  /// The words of scales.
  public static var wideFields: [WideField] { [WideField(offset: 48, width: 2, count: 4)] }

  /// None that stands in one place: see `codeFault`.
  public static var floatFields: [FloatField] { [] }

  @usableFromInline static let tables = GridTables(IQ1_SGrid.entries)

  /// Restores weights: one look-up in the codebook for eight of them.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let tables = tables
    for index in 0..<run.count {
      let block = run.blocks + 56 &* index
      let target = run.weights + 1024 &* index
      let codes = word64(block + 48)
      let d = widenedHalf(topNibbles(codes))
      for part in 0..<16 {
        // Four codes of 3 bits a word of 16.
        let code = codes &>> UInt64(16 &* (part / 4) &+ 3 &* (part % 4)) & 7
        let scale = d * Float(Int32(truncatingIfNeeded: 2 &* code &+ 1))
        let upper = byte(block + (32 &+ part))
        let entries = block + 2 &* part
        let out = target + 64 &* part
        let firstShift: Float = upper & 8 == 0 ? 0.125 : -0.125
        let secondShift: Float = upper & 128 == 0 ? 0.125 : -0.125
        store(scale * (tables.entries[byte(entries) | (upper & 7) &<< 8] + firstShift), out)
        store(
          scale * (tables.entries[byte(entries + 1) | (upper &<< 4) & 0x700] + secondShift),
          out + 32)
      }
    }
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
  package static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    var bits: UInt16 = 0
    for word in 0..<4 {
      bits |= (block.u16(at: 48 + 2 * word) >> 12) << (4 * UInt16(word))
    }
    guard bits & 0x7C00 == 0x7C00 else { return nil }
    return .notFinite("d", at: 48, widenedHalf(bits))
  }
}

extension IQ1_M {
  /// How weights are restored.
  public static let feedback = feedbackShape(
    IQ1_SGrid.entries, levels: IQ1_SGrid.levels, factor: 1)
}

extension TensorType {
  /// As `IQ1_S` with finer scales, 1.75 bits a weight.
  public static let IQ1_M = TensorType(rawValue: 29)
}

/// The top 4 bits of four words of 16 as one word, the first lowest.
@inlinable @inline(always)
func topNibbles(_ words: UInt64) -> UInt16 {
  let low = words &>> 12 & 15 | words &>> 24 & 0xF0
  return UInt16(truncatingIfNeeded: low | words &>> 36 & 0xF00 | words &>> 48 & 0xF000)
}
