// SPDX-License-Identifier: MIT

/// 16-bit integers: not weights, but tensors may hold them.
///
///     offset bytes field
///          0     2 w      integer
///
/// Restored: weight = w, exact.
public enum I16: BlockFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(.I16, "I16", weights: 1, bytes: 2)

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// None: every integer is a weight.
  public static var floatFields: [FloatField] { [] }

  /// Turns the integers into floats.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let source = run.blocks + 2 &* index
      run.weights.storeBytes(
        of: Float(Int16(bitPattern: word16(source))), toByteOffset: 4 &* index, as: Float.self)
    }
  }
}

extension TensorType {
  /// 16-bit integers.
  public static let I16 = TensorType(rawValue: 25)
}
