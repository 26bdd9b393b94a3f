// SPDX-License-Identifier: MIT

/// The 16 values of IQ4_NL and IQ4_XS: denser around zero, where most weights are.
package enum IQ4_NLValues {
  /// The value of each 4-bit code, rising.
  package static let values: InlineArray<16, Float> = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
  ]

  /// The midpoints between neighbours: what to round by.
  package static let midpoints: InlineArray<15, Float> = [
    -115.5, -93.5, -74, -57, -42, -28.5, -16, -4.5, 7, 19, 31.5, 45.5, 61, 79, 101,
  ]
}
