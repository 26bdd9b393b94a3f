// SPDX-License-Identifier: MIT

/// Bytes with a sign: not weights, but tensors may hold them.
///
///     offset bytes field
///          0     1 w      integer
///
/// Restored: weight = w, exact.
public enum I8: BlockFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(.I8, "I8", weights: 1, bytes: 1)

  /// None: bytes have no order.
  public static var wideFields: [WideField] { [] }

  /// None: every integer is a weight.
  public static var floatFields: [FloatField] { [] }

  /// Turns the integers into floats.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let number = Float(run.blocks.load(fromByteOffset: index, as: Int8.self))
      run.weights.storeBytes(of: number, toByteOffset: 4 &* index, as: Float.self)
    }
  }
}

extension TensorType {
  /// 8-bit integers.
  public static let I8 = TensorType(rawValue: 24)
}
