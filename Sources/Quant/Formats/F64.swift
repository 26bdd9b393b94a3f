// SPDX-License-Identifier: MIT
public import GGUF

/// Double-precision numbers.
///
///     offset bytes field
///          0     8 w      IEEE 754 binary64
///
/// Restored: weight = w, rounded to the nearest float; infinite beyond a float's range.
public enum F64: BlockFormat {
  /// Number 28: a weight in 8 bytes.
  public static var type: TensorType { .F64 }

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 8)] }

  /// Narrows the numbers to the nearest floats.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decodeNumbers(blocks, into: &weights) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
  }
}
