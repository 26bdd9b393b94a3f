// SPDX-License-Identifier: MIT

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Queries at position p are multiplied by 1 + scale · ln(floor((p + offset) / length) + 1), so that
/// attention to long texts stays sharp.
public struct AttentionTemperature: Sendable {
  /// Positions from one step to the next.
  public var length: Int
  /// How much a step adds.
  public var scale: Float = 0.1
  /// Positions that come before the first.
  public var offset = 0

  /// The factor at a position.
  package func factor(at position: Int) -> Float {
    1 + scale * Float(log(Double((position + offset) / length) + 1))
  }
}
