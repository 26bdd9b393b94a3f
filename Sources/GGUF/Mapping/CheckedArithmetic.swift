// SPDX-License-Identifier: MIT

/// Arithmetic on numbers from files: `nil` where the result has no place in `Int`.
enum Checked {
  static func multiply(_ a: Int, _ b: Int) -> Int? {
    let (value, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : value
  }

  static func add(_ a: Int, _ b: Int) -> Int? {
    let (value, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : value
  }

  /// The next multiple of `alignment` (a power of two) at or after `value`.
  static func align(_ value: Int, to alignment: Int) -> Int? {
    add(value, alignment - 1).map { $0 & ~(alignment - 1) }
  }
}
