// SPDX-License-Identifier: MIT
internal import BlockKernels
public import GGUF

/// The upper half of single-precision numbers.
///
///     offset bytes field
///          0     2 w      sign, 8 bits of exponent, 7 of fraction
///
/// Restored: weight = w with 16 zero bits below. Written to the nearest, ties to even; a finite
/// weight that would round to infinity becomes the largest number (about 3.39e38) instead.
public enum BF16: EncodableFormat {
  /// Number 30: a weight in 2 bytes.
  public static var type: TensorType { .BF16 }

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The weight itself.
  public static var floatFields: [FloatField] { [FloatField("weight", at: 0, .upperHalf)] }

  /// Puts the 16 zero bits back.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decode(blocks, by: .BF16, into: &weights)
  }

  /// Narrows the weights to the nearest numbers; importance changes nothing.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan
  ) {
    checkEncode(rows.count, rowWeights, importance?.count, blocks.byteCount)
    Narrowing.upperHalves(rows, into: &blocks)
  }
}
