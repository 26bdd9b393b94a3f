// SPDX-License-Identifier: MIT

/// Weights that are larger than what their new type can hold, so that they became smaller.
public struct WeightLoss: Sendable, Hashable {
  /// How many.
  public private(set) var count = 0
  /// The largest of them, with its sign; 0 for none.
  public private(set) var largest: Float = 0

  /// No weights.
  public init() {}

  init(count: Int, largest: Float) {
    self.count = count
    self.largest = largest
  }

  /// Adds one weight.
  mutating func add(_ weight: Float) {
    count += 1
    if weight.magnitude > largest.magnitude { largest = weight }
  }

  /// Adds others.
  mutating func add(_ other: WeightLoss) {
    count += other.count
    if other.largest.magnitude > largest.magnitude { largest = other.largest }
  }
}
