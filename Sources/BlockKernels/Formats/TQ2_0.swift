// SPDX-License-Identifier: MIT

/// 2.06 bits a weight: -1, 0 or 1 times a scale each 256, four weights a byte.
///
///     offset bytes field
///          0    64 q      2 × 32 bytes, one each 128 weights: byte j holds the weights j, j + 32,
///                         j + 64, j + 96, two bits each, the first lowest
///         64     2 d      half: scale
///
/// Restored: weight = d · (q - 1).
///
/// q = 3 is never written, and restores as 2 d.
public enum TQ2_0: KernelEncodedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .TQ2_0, "TQ2_0", weights: 256, bytes: 66,
    fileTypes: [.init(37, "TQ2_0")],
    fallback: .Q4_0, activations: .Q8_K)

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 64, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 64, .half)] }

  /// Restores weights: shift, mask, multiply.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let block = run.blocks + 66 &* index
      let target = run.weights + 1024 &* index
      let d = half(block + 64)
      for part in 0..<2 {
        var first = bytes(block + 32 &* part)
        var second = bytes(block + (32 &* part &+ 16))
        for digit in 0..<4 {
          let out = target + (512 &* part &+ 128 &* digit)
          store(d * signedFloats((first & 3) &- 1), out)
          store(d * signedFloats((second & 3) &- 1), out + 64)
          (first, second) = (first &>> 2, second &>> 2)
        }
      }
    }
  }

  /// Writes weights with a scale whose squared error is as good as the least.
  ///
  /// A block that already is ternary comes back as it was, up to the rounding of its scale.
  @inlinable @inline(always)
  public static func encodeBlocks(
    _ source: GroupSource, _ effort: Effort, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    encodeTernary(source, .TQ2_0, isQuick: effort.isFast, memory, blocks)
  }
}

extension TQ2_0: CodedFormat {
  /// Two bits have one value more than three digits need.
  package static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    var both: UInt8 = 0
    for byte in 0..<64 { both |= block.u8(at: byte) & block.u8(at: byte) >> 1 }
    guard both & 0x55 != 0 else { return nil }
    for byte in 0..<64 {
      let quants = block.u8(at: byte)
      guard quants & quants >> 1 & 0x55 != 0 else { continue }
      return .code("q[\(byte)]", at: byte, expected: "four digits of 0, 1 or 2", found: quants)
    }
    return nil
  }
}

extension TQ2_0: RestoredFormat {
  static var restoring: FeedbackShape {
    FeedbackShape(
      subBlock: 256, blockWeights: 256, codes: .whole(lowest: -1, highest: 1), scale: .half)
  }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    storedHalf(in: block, at: 64)
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    for byte in 0..<64 {
      let first = 128 * (byte / 32) + byte % 32
      var packed: UInt8 = 0
      for digit in 0..<4 { packed |= UInt8(values[first + 32 * digit] + 1) << UInt8(2 * digit) }
      block.set(packed, at: byte)
    }
    block.set(Half.exact(scales[0]), at: 64)
  }
}

extension TensorType {
  /// Ternary weights, four in a byte.
  public static let TQ2_0 = TensorType(rawValue: 35)
}
