// SPDX-License-Identifier: MIT
public import GGUF

/// 16-bit integers: not weights, but tensors may hold them.
///
///     offset bytes field
///          0     2 w      integer
///
/// Restored: weight = w, exact.
public enum I16: BlockFormat {
  /// Number 25: a weight in 2 bytes.
  public static var type: TensorType { .I16 }

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// None: every integer is a weight.
  public static var floatFields: [FloatField] { [] }

  /// Turns the integers into floats.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decodeNumbers(blocks, into: &weights) { (bits: Int16) in Float(bits) }
  }
}
