// SPDX-License-Identifier: MIT
public import GGUF

/// 32-bit integers: not weights, but tensors may hold them.
///
///     offset bytes field
///          0     4 w      integer
///
/// Restored: weight = w, rounded to the nearest float: exact up to 2^24.
public enum I32: BlockFormat {
  /// Number 26: a weight in 4 bytes.
  public static var type: TensorType { .I32 }

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 4)] }

  /// None: every integer is a weight.
  public static var floatFields: [FloatField] { [] }

  /// Turns the integers into floats.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decodeNumbers(blocks, into: &weights) { (bits: Int32) in Float(bits) }
  }
}
