// SPDX-License-Identifier: MIT
public import BlockKernels

/// The entries of the kernels of the forward pass, compiled once for each level of the CPU, as
/// those in `Stamp`.
public enum LayerStamp {
  /// See `normalizeRows`.
  @inline(never)
  public static func normalize(
    _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
    weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float
  ) {
    normalizeRows(
      source, target, rows: rows, columns: columns, weight: weight, bias: bias, epsilon: epsilon)
  }

  /// See `addToRows`.
  @inline(never)
  public static func add(
    _ target: FloatRows, rows: Int, columns: Int, bias: UnsafePointer<Float>
  ) {
    addToRows(target, rows: rows, columns: columns, bias: bias)
  }

  /// See `addScaled`.
  @inline(never)
  public static func addScaledRow(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, count: Int,
    factor: Float
  ) {
    addScaled(source, target, count: count, factor: factor)
  }

  /// See `scaleRow`.
  @inline(never)
  public static func scale(_ target: UnsafeMutablePointer<Float>, count: Int, factor: Float) {
    scaleRow(target, count: count, factor: factor)
  }

  /// See `addSquares`.
  @inline(never)
  public static func squares(
    _ source: FloatRows, rows: Int, columns: Int, sums: UnsafeMutablePointer<Float>
  ) {
    addSquares(source, rows: rows, columns: columns, sums: sums)
  }

  /// See `rotateHeads`.
  @inline(never)
  public static func rotate(
    _ heads: FloatRows, rows: Int, count: Int, headStride: Int, pairs: Int, halved: Bool,
    angles: FloatRows
  ) {
    rotateHeads(
      heads, rows: rows, count: count, headStride: headStride, pairs: pairs, halved: halved,
      angles: angles)
  }

  /// See `softmaxRow`.
  @inline(never)
  public static func softmax(
    _ scores: UnsafeMutablePointer<Float>, count: Int, low: Int, high: Int, scale: Float,
    cap: Float, sink: Float
  ) {
    softmaxRow(scores, count: count, low: low, high: high, scale: scale, cap: cap, sink: sink)
  }

  /// See `capRow`.
  @inline(never)
  public static func cap(_ row: UnsafeMutablePointer<Float>, count: Int, cap: Float) {
    capRow(row, count: count, cap: cap)
  }

  /// See `gateRows`.
  @inline(never)
  public static func gate(
    _ gate: FloatRows, _ up: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
    activation: GateActivation
  ) {
    gateRows(gate, up, target, rows: rows, columns: columns, activation: activation)
  }

  /// See `splitRows`.
  @inline(never)
  public static func split(
    _ source: FloatRows, high: UnsafeMutablePointer<UInt16>, low: UnsafeMutablePointer<UInt16>?,
    rows: Int, columns: Int
  ) {
    splitRows(source, high: high, low: low, rows: rows, columns: columns)
  }
}
