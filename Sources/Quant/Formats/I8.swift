// SPDX-License-Identifier: MIT
public import GGUF

/// Bytes with a sign: not weights, but tensors may hold them.
///
///     offset bytes field
///          0     1 w      integer
///
/// Restored: weight = w, exact.
public enum I8: BlockFormat {
  /// Number 24: a weight in 1 byte.
  public static var type: TensorType { .I8 }

  /// None: bytes have no order.
  public static var wideFields: [WideField] { [] }

  /// None: every integer is a weight.
  public static var floatFields: [FloatField] { [] }

  /// Turns the integers into floats.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decodeNumbers(blocks, into: &weights) { (bits: Int8) in Float(bits) }
  }
}
