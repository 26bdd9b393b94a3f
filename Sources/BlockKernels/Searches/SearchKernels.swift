// SPDX-License-Identifier: MIT

/// The searches that formats share.
///
/// A type that conforms takes over the kernels below and compiles them with the instructions of its
/// module's level: its witnesses are the entries, and callers find them through the metatype.
public protocol SearchKernels: Sendable {
  /// See `searchAffine`.
  static func affine(_ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory)

  /// See `searchSymmetric`.
  static func symmetric(
    _ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory
  )

  /// See `searchValues`.
  static func values(
    _ source: GroupSource, _ shape: SearchShape, _ table: ValueTable, _ memory: GroupMemory
  )

  /// See `searchGrid`.
  static func grid(
    _ source: GroupSource, _ shape: GridShape, _ book: Codebook, _ memory: GridMemory
  )

  /// See `roundToBytes`.
  static func round(
    _ weights: UnsafePointer<Float>, _ count: Int, _ inverse: Float,
    _ quants: UnsafeMutableRawPointer
  )

  /// See `extremeWeight`.
  static func extreme(_ weights: UnsafePointer<Float>, _ count: Int) -> Float
}

extension SearchKernels {
  /// See `searchAffine`.
  @inlinable @inline(always)
  public static func affine(_ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory) {
    searchAffine(source, shape, memory)
  }

  /// See `searchSymmetric`.
  @inlinable @inline(always)
  public static func symmetric(
    _ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory
  ) {
    searchSymmetric(source, shape, memory)
  }

  /// See `searchValues`.
  @inlinable @inline(always)
  public static func values(
    _ source: GroupSource, _ shape: SearchShape, _ table: ValueTable, _ memory: GroupMemory
  ) {
    searchValues(source, shape, table, memory)
  }

  /// See `searchGrid`.
  @inlinable @inline(always)
  public static func grid(
    _ source: GroupSource, _ shape: GridShape, _ book: Codebook, _ memory: GridMemory
  ) {
    searchGrid(source, shape, book, memory)
  }

  /// See `roundToBytes`.
  @inlinable @inline(always)
  public static func round(
    _ weights: UnsafePointer<Float>, _ count: Int, _ inverse: Float,
    _ quants: UnsafeMutableRawPointer
  ) {
    roundToBytes(weights, count: count, inverse: inverse, quants: quants)
  }

  /// See `extremeWeight`.
  @inlinable @inline(always)
  public static func extreme(_ weights: UnsafePointer<Float>, _ count: Int) -> Float {
    extremeWeight(weights, count: count)
  }
}
