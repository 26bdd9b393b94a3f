// SPDX-License-Identifier: MIT

/// The upper half of single-precision numbers.
///
///     offset bytes field
///          0     2 w      sign, 8 bits of exponent, 7 of fraction
///
/// Restored: weight = w with 16 zero bits below. Written to the nearest, ties to even; a finite
/// weight that would round to infinity becomes the largest number (about 3.39e38) instead.
public enum BF16: KernelEncodedFormat {
  /// What programs know this format by.
  public static let facts = FormatFacts(
    .BF16, "BF16", weights: 1, bytes: 2,
    fileTypes: [.init(32, "BF16")],
    activations: .BF16)

  /// The number itself.
  public static var wideFields: [WideField] { [WideField(offset: 0, width: 2)] }

  /// The weight itself.
  public static var floatFields: [FloatField] { [FloatField("weight", at: 0, .upperHalf)] }

  /// Puts the 16 zero bits back.
  @inlinable @inline(always)
  public static func decodeBlocks(_ run: BlockRun) {
    for index in 0..<run.count {
      let bits = UInt32(word16(run.blocks + 2 &* index)) << 16
      run.weights.storeBytes(of: bits, toByteOffset: 4 &* index, as: UInt32.self)
    }
  }

  /// Narrows the weights to the nearest numbers; importance changes nothing.
  @inlinable @inline(always)
  public static func encodeBlocks(
    _ source: GroupSource, _ effort: Effort, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    narrowToUpperHalves(source.weights, count: source.count, upper: blocks)
  }
}

extension TensorType {
  /// 16-bit floats with the exponent of 32-bit ones.
  public static let BF16 = TensorType(rawValue: 30)
}
