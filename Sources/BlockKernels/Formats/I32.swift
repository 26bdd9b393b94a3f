// SPDX-License-Identifier: MIT

/// 32-bit integers: not weights, but tensors may hold them.
///
///     offset bytes field
///          0     4 w      integer
///
/// Restored: weight = w, rounded to the nearest float: exact up to 2^24.
public enum I32: BlockFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(.I32, "I32", weights: 1, bytes: 4)

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 4)] }

  /// None: every integer is a weight.
  public static var floatFields: [FloatField] { [] }

  /// Turns the integers into floats.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let source = run.blocks + 4 &* index
      run.weights.storeBytes(
        of: Float(Int32(bitPattern: word32(source))), toByteOffset: 4 &* index, as: Float.self)
    }
  }
}

extension TensorType {
  /// 32-bit integers.
  public static let I32 = TensorType(rawValue: 26)
}
