// SPDX-License-Identifier: MIT

/// 64-bit integers: not weights, but tensors may hold them.
///
///     offset bytes field
///          0     8 w      integer
///
/// Restored: weight = w, rounded to the nearest float: exact up to 2^24.
public enum I64: BlockFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(.I64, "I64", weights: 1, bytes: 8)

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 8)] }

  /// None: every integer is a weight.
  public static var floatFields: [FloatField] { [] }

  /// Turns the integers into floats.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let source = run.blocks + 8 &* index
      run.weights.storeBytes(
        of: Float(Int64(bitPattern: word64(source))), toByteOffset: 4 &* index, as: Float.self)
    }
  }
}

extension TensorType {
  /// 64-bit integers.
  public static let I64 = TensorType(rawValue: 27)
}
