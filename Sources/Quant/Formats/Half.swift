// SPDX-License-Identifier: MIT

/// Half-precision numbers in plain arithmetic.
///
/// Without F16C, the baseline of x86-64, the language's own conversions are a call for every
/// number; these stay in vector code.
enum Half {
  /// The largest finite half. A block's scale beyond it would be infinite and spoil the block.
  static let largest: Float = 65504

  /// The value of a half's bits: exact for every number, NaN for every NaN.
  @inline(__always)
  static func widened(_ bits: UInt16) -> Float {
    // Exponent and fraction move to their places in a float, whose exponent counts from 127
    // instead of 15: 2^112 makes up for it, and turns subnormal halves into normal floats.
    let magnitude = UInt32(bits & 0x7FFF) << 13
    let finite = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    // An exponent of all ones means infinity or NaN in both.
    let special: UInt32 = bits & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
    return Float(bitPattern: finite | special | UInt32(bits & 0x8000) << 16)
  }

  /// The bits of the nearest half, ties to even; a finite number stays finite.
  @inline(__always)
  static func nearest(_ value: Float) -> UInt16 {
    guard value.isFinite else { return Float16(value).bitPattern }
    return Float16(min(max(value, -largest), largest)).bitPattern
  }

  /// The bits of a number that is a half already: finite, and with no more bits than that.
  @inline(__always)
  static func exact(_ value: Float) -> UInt16 {
    // The inverse of `widened`: exponent and fraction of the halved exponent range move down.
    let magnitude = UInt16(truncatingIfNeeded: (value.magnitude * 0x1p-112).bitPattern >> 13)
    return value.sign == .minus ? magnitude | 0x8000 : magnitude
  }

  /// The number that a block's scale comes back as.
  @inline(__always)
  static func stored(_ scale: Float) -> Float { widened(nearest(scale)) }
}
