// SPDX-License-Identifier: MIT

/// The kernels of error feedback, compiled for each level of the CPU.
public protocol FeedbackKernels: Sendable {
  /// See `sweepLevels` and `sweepGrid`.
  static func sweep(_ part: FeedbackPart, _ codes: FeedbackCodes, _ trials: FeedbackTrials) -> Lanes

  /// See `descendLevels` and `descendGrid`.
  static func descend(_ part: FeedbackPart, _ codes: FeedbackCodes, _ scale: Lanes, _ min: Lanes)

  /// See `fitSubBlock`.
  static func fit(_ part: FeedbackPart) -> FeedbackFit

  /// See `moveSubBlock`.
  static func move(_ part: FeedbackPart, _ scale: Lanes, _ min: Lanes)
}

extension FeedbackKernels {
  /// See `sweepLevels` and `sweepGrid`.
  @inlinable @inline(always)
  public static func sweep(
    _ part: FeedbackPart, _ codes: FeedbackCodes, _ trials: FeedbackTrials
  ) -> Lanes {
    switch codes {
    case .whole(let lowest, let highest):
      sweepLevels(part, WholeLevels(lowest: lowest, highest: highest), trials)
    case .table(let table): sweepLevels(part, TableLevels(table: table), trials)
    case .grid(let grid): sweepGrid(part, grid, trials)
    }
  }

  /// See `descendLevels` and `descendGrid`.
  @inlinable @inline(always)
  public static func descend(
    _ part: FeedbackPart, _ codes: FeedbackCodes, _ scale: Lanes, _ min: Lanes
  ) {
    switch codes {
    case .whole(let lowest, let highest):
      descendLevels(part, WholeLevels(lowest: lowest, highest: highest), scale, min)
    case .table(let table): descendLevels(part, TableLevels(table: table), scale, min)
    case .grid(let grid): descendGrid(part, grid, scale, min)
    }
  }

  /// See `fitSubBlock`.
  @inlinable @inline(always)
  public static func fit(_ part: FeedbackPart) -> FeedbackFit { fitSubBlock(part) }

  /// See `moveSubBlock`.
  @inlinable @inline(always)
  public static func move(_ part: FeedbackPart, _ scale: Lanes, _ min: Lanes) {
    moveSubBlock(part, scale, min)
  }
}
