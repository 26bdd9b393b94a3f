// SPDX-License-Identifier: MIT

extension Sequence {
  /// Adds up counts of which a file may claim any number: the sum stops at the largest `Int`.
  package func clampedSum(_ count: (Element) -> Int) -> Int {
    reduce(into: 0) { sum, element in sum.addClamped(count(element)) }
  }
}

/// Bits for each weight; `nil` where there are no weights.
func bitsPerWeight(bytes: Int, weights: Int) -> Double? {
  weights > 0 ? Double(bytes) * 8 / Double(weights) : nil
}

extension Int {
  /// Adds a count of which a file may claim any number: the sum stops at the largest `Int`.
  package mutating func addClamped(_ count: Int) {
    let (value, overflow) = addingReportingOverflow(count)
    self = overflow ? Int.max : value
  }

  /// The next multiple of a number at or after this one.
  package func roundedUp(to unit: Int) -> Int { (self + unit - 1) / unit * unit }
}
