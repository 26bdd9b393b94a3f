// SPDX-License-Identifier: MIT

/// The kernels of delta rules with decay.
public protocol DeltaKernels: Sendable {
  /// See `decayChunkByToken`.
  static func decayTokens(_ chunk: DeltaChunk)

  /// See `decayChunkByEntry`.
  static func decayEntries(_ chunk: DeltaChunk)

  /// See `solveWriteRows`.
  static func solveWrites(
    links: FloatRows, steps: FloatRows, values: FloatRows, targets: FloatRows, rows: Int,
    columns: Int
  )

  /// See `makeDecayRows`.
  static func makeDecays(
    _ x: FloatRows, rows: Int, columns: Int, bias: UnsafePointer<Float>,
    factors: UnsafePointer<Float>, bound: Float
  )
}

extension DeltaKernels {
  /// See `decayChunkByToken`.
  @inlinable @inline(always)
  public static func decayTokens(_ chunk: DeltaChunk) { decayChunkByToken(chunk) }

  /// See `decayChunkByEntry`.
  @inlinable @inline(always)
  public static func decayEntries(_ chunk: DeltaChunk) { decayChunkByEntry(chunk) }

  /// See `solveWriteRows`.
  @inlinable @inline(always)
  public static func solveWrites(
    links: FloatRows, steps: FloatRows, values: FloatRows, targets: FloatRows, rows: Int,
    columns: Int
  ) {
    solveWriteRows(
      links: links, steps: steps, values: values, targets: targets, rows: rows, columns: columns)
  }

  /// See `makeDecayRows`.
  @inlinable @inline(always)
  public static func makeDecays(
    _ x: FloatRows, rows: Int, columns: Int, bias: UnsafePointer<Float>,
    factors: UnsafePointer<Float>, bound: Float
  ) {
    makeDecayRows(
      x, rows: rows, columns: columns, bias: bias, factors: factors, bound: bound)
  }
}
