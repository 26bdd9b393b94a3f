// SPDX-License-Identifier: MIT

/// The kernels of the forward pass and of the figures that are made of its logits.
///
/// Compiled for each level of the CPU, as `SearchKernels` are.
public protocol LayerKernels: RecurrentKernels, DeltaKernels {
  /// See `normalizeRows`.
  static func normalize(
    _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
    weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float, isCentered: Bool
  )

  /// See `addToRows`.
  static func add(
    _ target: FloatRows, rows: Int, columns: Int, bias: UnsafePointer<Float>
  )

  /// See `addScaled`.
  static func addScaledRow(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, count: Int,
    factor: Float
  )

  /// See `scaleRow`.
  static func scale(_ target: UnsafeMutablePointer<Float>, count: Int, factor: Float)

  /// See `addSquares`.
  static func squares(
    _ source: FloatRows, rows: Int, columns: Int, sums: UnsafeMutablePointer<Float>
  )

  /// See `rotateHeads`.
  static func rotate(
    _ heads: FloatRows, rows: Int, count: Int, headStride: Int, pairs: Int, halved: Bool,
    angles: FloatRows
  )

  /// See `softmaxRow`.
  static func softmax(
    _ scores: UnsafeMutablePointer<Float>, count: Int, low: Int, high: Int, scale: Float,
    cap: Float, sink: Float
  )

  /// See `capRow`.
  static func cap(_ row: UnsafeMutablePointer<Float>, count: Int, cap: Float)

  /// See `gateRows`.
  static func gate(
    _ gate: FloatRows, _ up: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
    activation: GateActivation
  )

  /// See `activateRows`.
  static func activate(
    _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int, activation: GateActivation
  )

  /// See `sparsifyRows`.
  static func sparsify(_ target: FloatRows, rows: Int, columns: Int, deviations: Float)

  /// See `splitRows`.
  static func split(
    _ source: FloatRows, high: UnsafeMutablePointer<UInt16>, low: UnsafeMutablePointer<UInt16>?,
    rows: Int, columns: Int
  )

  /// See `rowPeak`.
  static func peak(
    _ row: UnsafeRawPointer, _ count: Int, _ scratch: UnsafeMutableRawPointer
  ) -> RowPeak

  /// See `exponentialSum`.
  static func sum(
    _ row: UnsafeRawPointer, _ count: Int, _ peak: Float, _ scratch: UnsafeMutableRawPointer
  ) -> Double

  /// See `divergenceSums`.
  static func divergence(
    _ base: UnsafeRawPointer, _ variant: UnsafeRawPointer, _ count: Int, _ basePeak: Float,
    _ variantPeak: Float, _ scratch: UnsafeMutableRawPointer
  ) -> RowDivergence
}

extension LayerKernels {
  /// See `normalizeRows`.
  @inlinable @inline(always)
  public static func normalize(
    _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
    weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float, isCentered: Bool
  ) {
    normalizeRows(
      source, target, rows: rows, columns: columns, weight: weight, bias: bias, epsilon: epsilon,
      isCentered: isCentered)
  }

  /// See `addToRows`.
  @inlinable @inline(always)
  public static func add(
    _ target: FloatRows, rows: Int, columns: Int, bias: UnsafePointer<Float>
  ) {
    addToRows(target, rows: rows, columns: columns, bias: bias)
  }

  /// See `addScaled`.
  @inlinable @inline(always)
  public static func addScaledRow(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, count: Int,
    factor: Float
  ) {
    addScaled(source, target, count: count, factor: factor)
  }

  /// See `scaleRow`.
  @inlinable @inline(always)
  public static func scale(_ target: UnsafeMutablePointer<Float>, count: Int, factor: Float) {
    scaleRow(target, count: count, factor: factor)
  }

  /// See `addSquares`.
  @inlinable @inline(always)
  public static func squares(
    _ source: FloatRows, rows: Int, columns: Int, sums: UnsafeMutablePointer<Float>
  ) {
    addSquares(source, rows: rows, columns: columns, sums: sums)
  }

  /// See `rotateHeads`.
  @inlinable @inline(always)
  public static func rotate(
    _ heads: FloatRows, rows: Int, count: Int, headStride: Int, pairs: Int, halved: Bool,
    angles: FloatRows
  ) {
    rotateHeads(
      heads, rows: rows, count: count, headStride: headStride, pairs: pairs, halved: halved,
      angles: angles)
  }

  /// See `softmaxRow`.
  @inlinable @inline(always)
  public static func softmax(
    _ scores: UnsafeMutablePointer<Float>, count: Int, low: Int, high: Int, scale: Float,
    cap: Float, sink: Float
  ) {
    softmaxRow(scores, count: count, low: low, high: high, scale: scale, cap: cap, sink: sink)
  }

  /// See `capRow`.
  @inlinable @inline(always)
  public static func cap(_ row: UnsafeMutablePointer<Float>, count: Int, cap: Float) {
    capRow(row, count: count, cap: cap)
  }

  /// See `gateRows`.
  @inlinable @inline(always)
  public static func gate(
    _ gate: FloatRows, _ up: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
    activation: GateActivation
  ) {
    gateRows(gate, up, target, rows: rows, columns: columns, activation: activation)
  }

  /// See `activateRows`.
  @inlinable @inline(always)
  public static func activate(
    _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int, activation: GateActivation
  ) {
    activateRows(source, target, rows: rows, columns: columns, activation: activation)
  }

  /// See `sparsifyRows`.
  @inlinable @inline(always)
  public static func sparsify(_ target: FloatRows, rows: Int, columns: Int, deviations: Float) {
    sparsifyRows(target, rows: rows, columns: columns, deviations: deviations)
  }

  /// See `splitRows`.
  @inlinable @inline(always)
  public static func split(
    _ source: FloatRows, high: UnsafeMutablePointer<UInt16>, low: UnsafeMutablePointer<UInt16>?,
    rows: Int, columns: Int
  ) {
    splitRows(source, high: high, low: low, rows: rows, columns: columns)
  }

  /// See `rowPeak`.
  @inlinable @inline(always)
  public static func peak(
    _ row: UnsafeRawPointer, _ count: Int, _ scratch: UnsafeMutableRawPointer
  ) -> RowPeak {
    rowPeak(row, count: count, scratch: scratch)
  }

  /// See `exponentialSum`.
  @inlinable @inline(always)
  public static func sum(
    _ row: UnsafeRawPointer, _ count: Int, _ peak: Float, _ scratch: UnsafeMutableRawPointer
  ) -> Double {
    exponentialSum(row, count: count, peak: peak, scratch: scratch)
  }

  /// See `divergenceSums`.
  @inlinable @inline(always)
  public static func divergence(
    _ base: UnsafeRawPointer, _ variant: UnsafeRawPointer, _ count: Int, _ basePeak: Float,
    _ variantPeak: Float, _ scratch: UnsafeMutableRawPointer
  ) -> RowDivergence {
    divergenceSums(
      base, variant, count: count, basePeak: basePeak, variantPeak: variantPeak, scratch: scratch)
  }
}
