// SPDX-License-Identifier: MIT

/// The kernels of layers that carry something from token to token other than by attention.
public protocol RecurrentKernels: Sendable {
  /// See `convolveRows`.
  static func convolve(
    _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int, taps: FloatRows,
    size: Int, bias: UnsafePointer<Float>?, hasSilu: Bool
  )

  /// See `multiplyRows`.
  static func multiply(_ target: FloatRows, _ other: FloatRows, rows: Int, columns: Int)

  /// See `scanChannels`.
  static func scan(
    _ x: FloatRows, steps: FloatRows, inputs: FloatRows, outputs: FloatRows, into y: FloatRows,
    rows: Int, channels: Int, states: Int, rates: FloatRows, skips: UnsafePointer<Float>,
    memory: UnsafeMutablePointer<Float>
  )

  /// See `exponentialsOfRows`.
  static func exponentials(
    _ source: FloatRows, rates: UnsafePointer<Float>, _ target: FloatRows, rows: Int, columns: Int
  )

  /// See `decayScores`.
  static func decay(
    _ scores: FloatRows, _ target: FloatRows, count: Int, factors: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, memory: UnsafeMutablePointer<Float>
  )

  /// See `mixWithPrevious`.
  static func mixWithPrevious(
    _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
    factors: UnsafePointer<Float>, more: FloatRows?
  )

  /// See `decayedProducts`.
  static func decayedProducts(
    _ keys: FloatRows, decays: FloatRows, rows: Int, columns: Int, first: FloatRows,
    bonus: UnsafePointer<Float>?, second: FloatRows?, before: FloatRows, behind: FloatRows?,
    decayed: UnsafeMutablePointer<Float>
  )

  /// See `scaleByDecays`.
  static func scaleByDecays(
    _ source: FloatRows, _ target: FloatRows, decays: FloatRows, rows: Int, columns: Int,
    inclusive: Bool, total: UnsafeMutablePointer<Float>
  )

  /// See `splitKeys`.
  static func splitKeys(
    _ keys: FloatRows, rates: FloatRows, removals: FloatRows, rows: Int, heads: Int, size: Int,
    keyScale: UnsafePointer<Float>, rateScale: UnsafePointer<Float>
  )

  /// See `addOwnValues`.
  static func addOwnValues(
    _ values: FloatRows, keys: FloatRows, queries: FloatRows, to target: FloatRows, rows: Int,
    heads: Int, size: Int, factors: UnsafePointer<Float>
  )
}

extension RecurrentKernels {
  /// See `convolveRows`.
  @inlinable @inline(always)
  public static func convolve(
    _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int, taps: FloatRows,
    size: Int, bias: UnsafePointer<Float>?, hasSilu: Bool
  ) {
    convolveRows(
      source, target, rows: rows, columns: columns, taps: taps, size: size, bias: bias,
      hasSilu: hasSilu)
  }

  /// See `multiplyRows`.
  @inlinable @inline(always)
  public static func multiply(_ target: FloatRows, _ other: FloatRows, rows: Int, columns: Int) {
    multiplyRows(target, other, rows: rows, columns: columns)
  }

  /// See `scanChannels`.
  @inlinable @inline(always)
  public static func scan(
    _ x: FloatRows, steps: FloatRows, inputs: FloatRows, outputs: FloatRows, into y: FloatRows,
    rows: Int, channels: Int, states: Int, rates: FloatRows, skips: UnsafePointer<Float>,
    memory: UnsafeMutablePointer<Float>
  ) {
    scanChannels(
      x, steps: steps, inputs: inputs, outputs: outputs, into: y, rows: rows, channels: channels,
      states: states, rates: rates, skips: skips, memory: memory)
  }

  /// See `exponentialsOfRows`.
  @inlinable @inline(always)
  public static func exponentials(
    _ source: FloatRows, rates: UnsafePointer<Float>, _ target: FloatRows, rows: Int, columns: Int
  ) {
    exponentialsOfRows(
      source, rates: rates, target, rows: rows, columns: columns)
  }

  /// See `decayScores`.
  @inlinable @inline(always)
  public static func decay(
    _ scores: FloatRows, _ target: FloatRows, count: Int, factors: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, memory: UnsafeMutablePointer<Float>
  ) {
    decayScores(
      scores, target, count: count, factors: factors, weights: weights, memory: memory)
  }

  /// See `mixWithPrevious`.
  @inlinable @inline(always)
  public static func mixWithPrevious(
    _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
    factors: UnsafePointer<Float>, more: FloatRows?
  ) {
    BlockKernels.mixWithPrevious(
      source, target, rows: rows, columns: columns, factors: factors, more: more)
  }

  /// See `decayedProducts`.
  @inlinable @inline(always)
  public static func decayedProducts(
    _ keys: FloatRows, decays: FloatRows, rows: Int, columns: Int, first: FloatRows,
    bonus: UnsafePointer<Float>?, second: FloatRows?, before: FloatRows, behind: FloatRows?,
    decayed: UnsafeMutablePointer<Float>
  ) {
    BlockKernels.decayedProducts(
      keys, decays: decays, rows: rows, columns: columns, first: first, bonus: bonus,
      second: second,
      before: before, behind: behind, decayed: decayed)
  }

  /// See `scaleByDecays`.
  @inlinable @inline(always)
  public static func scaleByDecays(
    _ source: FloatRows, _ target: FloatRows, decays: FloatRows, rows: Int, columns: Int,
    inclusive: Bool, total: UnsafeMutablePointer<Float>
  ) {
    BlockKernels.scaleByDecays(
      source, target, decays: decays, rows: rows, columns: columns, inclusive: inclusive,
      total: total)
  }

  /// See `splitKeys`.
  @inlinable @inline(always)
  public static func splitKeys(
    _ keys: FloatRows, rates: FloatRows, removals: FloatRows, rows: Int, heads: Int, size: Int,
    keyScale: UnsafePointer<Float>, rateScale: UnsafePointer<Float>
  ) {
    BlockKernels.splitKeys(
      keys, rates: rates, removals: removals, rows: rows, heads: heads, size: size,
      keyScale: keyScale, rateScale: rateScale)
  }

  /// See `addOwnValues`.
  @inlinable @inline(always)
  public static func addOwnValues(
    _ values: FloatRows, keys: FloatRows, queries: FloatRows, to target: FloatRows, rows: Int,
    heads: Int, size: Int, factors: UnsafePointer<Float>
  ) {
    BlockKernels.addOwnValues(
      values, keys: keys, queries: queries, to: target, rows: rows, heads: heads, size: size,
      factors: factors)
  }
}
