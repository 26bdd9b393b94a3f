// SPDX-License-Identifier: MIT

/// Double-precision numbers.
///
///     offset bytes field
///          0     8 w      IEEE 754 binary64
///
/// Restored: weight = w, rounded to the nearest float; infinite beyond a float's range.
public enum F64: BlockFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(.F64, "F64", weights: 1, bytes: 8)

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 8)] }

  /// The weight itself.
  public static var floatFields: [FloatField] { [FloatField("weight", at: 0, .double)] }

  /// Narrows the numbers to the nearest floats.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let source = run.blocks + 8 &* index
      run.weights.storeBytes(
        of: Float(Double(bitPattern: word64(source))), toByteOffset: 4 &* index, as: Float.self)
    }
  }
}

extension F64: CodedFormat {
  /// A number may be finite and yet beyond the range of a float, which all programs make of it.
  package static func codeFault(inBlock block: RawSpan) -> BlockFault? {
    let weight = Double(bitPattern: block.u64(at: 0))
    guard !Float(weight).isFinite else { return nil }
    return BlockFault(
      kind: .notFinite, field: "weight", byteOffset: 0,
      expected: "a number in the range of a float", found: "\(weight)")
  }
}

extension TensorType {
  /// 64-bit floats.
  public static let F64 = TensorType(rawValue: 28)
}
