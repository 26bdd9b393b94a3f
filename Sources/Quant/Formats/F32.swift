// SPDX-License-Identifier: MIT
public import GGUF

/// Single-precision numbers, as they are.
///
///     offset bytes field
///          0     4 w      IEEE 754 binary32
///
/// Restored: weight = w.
public enum F32: EncodableFormat {
  /// Number 0: a weight in 4 bytes.
  public static var type: TensorType { .F32 }

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 4)] }

  /// The weight itself.
  public static var floatFields: [FloatField] { [FloatField("weight", at: 0, .single)] }

  /// Copies the numbers.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decodeNumbers(blocks, into: &weights) { (bits: UInt32) in Float(bitPattern: bits) }
  }

  /// Copies the weights; importance changes nothing.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    checkEncode(rows.count, rowWeights, importance?.count, blocks.byteCount)
    for index in rows.indices { blocks.set(rows[index].bitPattern, at: 4 * index) }
  }
}
