// SPDX-License-Identifier: MIT
public import GGUF

/// 64-bit integers: not weights, but tensors may hold them.
///
///     offset bytes field
///          0     8 w      integer
///
/// Restored: weight = w, rounded to the nearest float: exact up to 2^24.
public enum I64: BlockFormat {
  /// Number 27: a weight in 8 bytes.
  public static var type: TensorType { .I64 }

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 8)] }

  /// None: every integer is a weight.
  public static var floatFields: [FloatField] { [] }

  /// Turns the integers into floats.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decodeNumbers(blocks, into: &weights) { (bits: Int64) in Float(bits) }
  }
}
