// SPDX-License-Identifier: MIT

/// Single-precision numbers, as they are.
///
///     offset bytes field
///          0     4 w      IEEE 754 binary32
///
/// Restored: weight = w.
public enum F32: EncodableFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .F32, "F32", weights: 1, bytes: 4,
    fileTypes: [.init(0, "F32")])

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 4)] }

  /// The weight itself.
  public static var floatFields: [FloatField] { [FloatField("weight", at: 0, .single)] }

  /// Copies the numbers.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    run.weights.copyMemory(from: run.blocks, byteCount: 4 &* run.count)
  }

  /// Copies the weights; importance changes nothing.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan, by table: KernelTable
  ) {
    checkEncode(rows.count, rowWeights, importance?.count, blocks.byteCount)
    for index in rows.indices { blocks.set(rows[index].bitPattern, at: 4 * index) }
  }
}

extension TensorType {
  /// 32-bit floats.
  public static let F32 = TensorType(rawValue: 0)
}
