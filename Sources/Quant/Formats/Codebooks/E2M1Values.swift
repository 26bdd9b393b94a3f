// SPDX-License-Identifier: MIT

/// The 4-bit floats of MXFP4 and NVFP4 (sign, 2 bits of exponent, 1 of fraction), doubled.
///
/// Doubling makes all of them integers; the scale is halved in turn.
package enum E2M1Values {
  /// The doubled value of each code; bit 3 is the sign.
  package static let doubled: InlineArray<16, Float> = [
    0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12,
  ]
}
