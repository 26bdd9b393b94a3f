// SPDX-License-Identifier: MIT
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The functions of the C library that statistics need.
package enum Elementary {
  /// e to the power of `x`.
  package static func exponential(_ x: Double) -> Double { exp(x) }

  /// The natural logarithm of `x`.
  static func logarithm(_ x: Double) -> Double { log(x) }
}
