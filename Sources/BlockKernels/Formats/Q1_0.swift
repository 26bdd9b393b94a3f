// SPDX-License-Identifier: MIT

/// 1.125 bits a weight: plus or minus a scale each 128.
///
///     offset bytes field
///          0     2 d      half: scale
///          2    16 q      a bit a weight, weight 0 lowest
///
/// Restored: weight = d where the bit is set, -d where it is not.
public enum Q1_0: EncodableFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .Q1_0, "Q1_0", weights: 128, bytes: 18,
    fileTypes: [.init(40, "Q1_0")],
    fallback: .Q4_0, activations: .Q8_0)

  /// The scale.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The scale.
  public static var floatFields: [FloatField] { [FloatField("d", at: 0, .half)] }

  @usableFromInline static let tables = GridTables(SignMasks.factors)

  /// Restores weights: the bits are a mask of signs, eight at a time.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    let tables = tables
    for index in 0..<run.count {
      let block = run.blocks + 18 &* index
      let target = run.weights + 512 &* index
      // A set bit means minus in the table and plus here.
      let d = -half(block)
      for group in 0..<16 {
        store(d * tables.entries[byte(block + (2 &+ group))], target + 32 &* group)
      }
    }
  }

  /// Writes signs, and as the scale the mean magnitude: the least squared error that signs allow.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan, by table: KernelTable
  ) {
    encodeBlocks(
      of: 128, in: 18, rows, rowWeights: rowWeights, importance: importance, into: &blocks
    ) { weights, importance, block in
      block.set(half: Half.stored(meanMagnitude(weights, importance)), at: 0)
      for byte in 0..<16 {
        var packed: UInt8 = 0
        for bit in 0..<8 where weights[8 * byte + bit] >= 0 { packed |= 1 << bit }
        block.set(packed, at: 2 + byte)
      }
    }
  }

  /// The mean of |x|, weighted by importance where there is any.
  private static func meanMagnitude(_ weights: Span<Float>, _ importance: Span<Float>?) -> Float {
    var sum = 0.0, total = 0.0
    for index in weights.indices {
      let importance = Double(importance?[index] ?? 1)
      sum += importance * Double(weights[index].magnitude)
      total += importance
    }
    guard total > 0 else { return importance == nil ? 0 : meanMagnitude(weights, nil) }
    return Float(sum / total)
  }
}

extension Q1_0: RestoredFormat {
  static let signs = ValueTable([-1, 1])

  static var restoring: FeedbackShape {
    FeedbackShape(subBlock: 128, blockWeights: 128, codes: .table(signs), scale: .half)
  }

  static func scale(ofSubBlock index: Int, in block: RawSpan) -> Float {
    storedHalf(in: block, at: 0)
  }

  static func pack(_ values: Span<Float>, scales: Span<Float>, into block: inout MutableRawSpan) {
    block.set(Half.exact(scales[0]), at: 0)
    for byte in 0..<16 {
      var packed: UInt8 = 0
      for bit in 0..<8 where values[8 * byte + bit] > 0 { packed |= 1 << UInt8(bit) }
      block.set(packed, at: 2 + byte)
    }
  }
}

extension TensorType {
  /// Signs with a scale for 128.
  public static let Q1_0 = TensorType(rawValue: 41)
}
