// SPDX-License-Identifier: MIT
public import BlockKernels

/// The entries of the kernels, compiled once for each level of the CPU.
///
/// This file stands in three modules, by links: what it calls is inlined into each of them and
/// becomes code of their level. Nothing here may be inlined into a caller, which has another level.
public enum Stamp {
  /// See `searchAffine`.
  @inline(never)
  public static func affine(_ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory) {
    searchAffine(source, shape, memory)
  }

  /// See `searchSymmetric`.
  @inline(never)
  public static func symmetric(
    _ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory
  ) {
    searchSymmetric(source, shape, memory)
  }

  /// See `searchValues`.
  @inline(never)
  public static func values(
    _ source: GroupSource, _ shape: SearchShape, _ table: ValueTable, _ memory: GroupMemory
  ) {
    searchValues(source, shape, table, memory)
  }

  /// See `searchGrid`.
  @inline(never)
  public static func grid(
    _ source: GroupSource, _ shape: GridShape, _ book: Codebook, _ memory: GridMemory
  ) {
    searchGrid(source, shape, book, memory)
  }

  /// See `roundToBytes`.
  @inline(never)
  public static func round(
    _ weights: UnsafePointer<Float>, _ count: Int, _ inverse: Float,
    _ quants: UnsafeMutableRawPointer
  ) {
    roundToBytes(weights, count: count, inverse: inverse, quants: quants)
  }

  /// See `extremeWeight`.
  @inline(never)
  public static func extreme(_ weights: UnsafePointer<Float>, _ count: Int) -> Float {
    extremeWeight(weights, count: count)
  }

  /// See `narrowToHalves`.
  @inline(never)
  public static func halves(
    _ weights: UnsafePointer<Float>, _ count: Int, _ target: UnsafeMutableRawPointer
  ) {
    narrowToHalves(weights, count: count, halves: target)
  }

  /// See `narrowToUpperHalves`.
  @inline(never)
  public static func upperHalves(
    _ weights: UnsafePointer<Float>, _ count: Int, _ target: UnsafeMutableRawPointer
  ) {
    narrowToUpperHalves(weights, count: count, upper: target)
  }

  /// See `encodeTernary`.
  @inline(never)
  public static func ternary(
    _ source: GroupSource, _ packing: TernaryPacking, _ isQuick: Bool, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    encodeTernary(source, packing, isQuick: isQuick, memory, blocks)
  }

  /// See `encodeMXFP4`.
  @inline(never)
  public static func mxfp4(
    _ source: GroupSource, _ attempts: Int, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    encodeMXFP4(source, attempts: attempts, memory, blocks)
  }

  /// See `encodeNVFP4`.
  @inline(never)
  public static func nvfp4(
    _ source: GroupSource, _ below: Int, _ above: Int, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    encodeNVFP4(source, below: below, above: above, memory, blocks)
  }

  /// See `encodeQ2_0`.
  @inline(never)
  public static func q2_0(
    _ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    encodeQ2_0(source, shape, memory, blocks)
  }
  /// See `exponential`: 16 numbers at a time, `count` being a multiple of 16.
  @inline(never)
  public static func exponentials(
    _ numbers: UnsafePointer<Float>, _ count: Int, _ target: UnsafeMutableRawPointer
  ) {
    storeExponentials(of: numbers, count: count, into: target)
  }

  /// See `rowPeak`.
  @inline(never)
  public static func peak(
    _ row: UnsafeRawPointer, _ count: Int, _ scratch: UnsafeMutableRawPointer
  ) -> RowPeak {
    rowPeak(row, count: count, scratch: scratch)
  }

  /// See `exponentialSum`.
  @inline(never)
  public static func sum(
    _ row: UnsafeRawPointer, _ count: Int, _ peak: Float, _ scratch: UnsafeMutableRawPointer
  ) -> Double {
    exponentialSum(row, count: count, peak: peak, scratch: scratch)
  }

  /// See `divergenceSums`.
  @inline(never)
  public static func divergence(
    _ base: UnsafeRawPointer, _ variant: UnsafeRawPointer, _ count: Int, _ basePeak: Float,
    _ variantPeak: Float, _ scratch: UnsafeMutableRawPointer
  ) -> RowDivergence {
    divergenceSums(
      base, variant, count: count, basePeak: basePeak, variantPeak: variantPeak, scratch: scratch)
  }
}
