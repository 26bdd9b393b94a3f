// SPDX-License-Identifier: MIT

extension Sequence {
  /// Adds up counts of which a file may claim any number: the sum stops at the largest `Int`.
  package func clampedSum(_ count: (Element) -> Int) -> Int {
    reduce(0) { sum, element in
      let (value, overflow) = sum.addingReportingOverflow(count(element))
      return overflow ? Int.max : value
    }
  }
}

/// Bits for each weight; `nil` where there are no weights.
func bitsPerWeight(bytes: Int, weights: Int) -> Double? {
  weights > 0 ? Double(bytes) * 8 / Double(weights) : nil
}

extension Int {
  /// The next multiple of a number at or after this one.
  package func roundedUp(to unit: Int) -> Int { (self + unit - 1) / unit * unit }
}
