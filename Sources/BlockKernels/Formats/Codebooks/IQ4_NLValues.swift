// SPDX-License-Identifier: MIT

/// The 16 values of IQ4_NL and IQ4_XS: denser around zero, where most weights are.
@usableFromInline package enum IQ4_NLValues {
  /// The value of each 4-bit code, rising.
  package static let values: InlineArray<16, Float> = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
  ]

  /// The values as kernels look them up.
  @usableFromInline static let table = ValueTable(values.indices.map { values[$0] })
}
