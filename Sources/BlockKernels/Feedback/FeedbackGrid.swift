// SPDX-License-Identifier: MIT

/// A codebook as error feedback searches it.
public struct FeedbackGrid: Sendable {
  /// Weights whose values are chosen together.
  public let group: Int
}

/// As `sweepLevels`, a group of columns at a time.
@inlinable @inline(always)
func sweepGrid(_ part: FeedbackPart, _ grid: FeedbackGrid, _ trials: FeedbackTrials) -> Lanes {
  Lanes.zero
}

/// As `descendLevels`, a group of columns at a time.
@inlinable @inline(always)
func descendGrid(_ part: FeedbackPart, _ grid: FeedbackGrid, _ scale: Lanes, _ min: Lanes) {}
