// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// Half-precision numbers.
///
///     offset bytes field
///          0     2 w      IEEE 754 binary16
///
/// Restored: weight = w. Written to the nearest, ties to even; a finite weight beyond the largest
/// half (65,504) is written as that instead of infinity, so that finite weights stay finite.
public enum F16: EncodableFormat {
  /// Number 1: a weight in 2 bytes.
  public static var type: TensorType { .F16 }

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The weight itself.
  public static var floatFields: [FloatField] { [FloatField("weight", at: 0, .half)] }

  /// Widens the numbers.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .F16, into: &weights)
  }

  /// Narrows the weights to the nearest halves; importance changes nothing.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    checkEncode(rows.count, rowWeights, importance?.count, blocks.byteCount)
    Narrowing.halves(rows, into: &blocks)
  }
}
