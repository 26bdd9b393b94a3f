// SPDX-License-Identifier: MIT

/// Half-precision numbers.
///
///     offset bytes field
///          0     2 w      IEEE 754 binary16
///
/// Restored: weight = w. Written to the nearest, ties to even; a finite weight beyond the largest
/// half (65,504) is written as that instead of infinity, so that finite weights stay finite.
public enum F16: KernelEncodedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .F16, "F16", weights: 1, bytes: 2,
    fileTypes: [.init(1, "F16")],
    activations: .F16)

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The weight itself.
  public static var floatFields: [FloatField] { [FloatField("weight", at: 0, .half)] }

  /// Widens the numbers.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      run.weights.storeBytes(
        of: widenedHalf(word16(run.blocks + 2 &* index)), toByteOffset: 4 &* index, as: Float.self)
    }
  }

  /// Narrows the weights to the nearest halves; importance changes nothing.
  @inlinable @inline(always)
  public static func encodeBlocks(
    _ source: GroupSource, _ effort: Effort, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    narrowToHalves(source.weights, count: source.count, halves: blocks)
  }
}

extension TensorType {
  /// 16-bit floats (IEEE).
  public static let F16 = TensorType(rawValue: 1)
}
