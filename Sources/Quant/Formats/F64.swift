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

  /// The weight itself.
  public static var floatFields: [FloatField] { [FloatField("weight", at: 0, .double)] }

  /// Narrows the numbers to the nearest floats.
  public static func decode(_ blocks: RawSpan, into weights: inout MutableSpan<Float>) {
    decodeNumbers(blocks, into: &weights) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
  }
}

extension F64: CodedFormat {
  /// A number may be finite and yet beyond the range of a float, which all programs make of it.
  static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    let weight = Double(bitPattern: block.u64(at: 0))
    guard !Float(weight).isFinite else { return nil }
    return BlockFault(
      kind: .notFinite, field: "weight", byteOffset: 0,
      expected: "a number in the range of a float", found: "\(weight)")
  }
}
