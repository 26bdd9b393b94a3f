// SPDX-License-Identifier: MIT

/// The half-precision numbers that blocks keep; `widenedHalf` is the way back.
enum Half {
  /// The largest finite half. A block's scale beyond it would be infinite and spoil the block.
  static let largest: Float = 65504

  /// The bits of the nearest half, ties to even; a finite number stays finite.
  @inline(__always)
  static func nearest(_ value: Float) -> UInt16 {
    guard value.isFinite else { return Float16(value).bitPattern }
    return Float16(min(max(value, -largest), largest)).bitPattern
  }

  /// The bits of a number that is a half already: finite, and with no more bits than that.
  @inline(__always)
  static func exact(_ value: Float) -> UInt16 {
    // The inverse of widening: exponent and fraction of the halved exponent range move down.
    let magnitude = UInt16(truncatingIfNeeded: (value.magnitude * 0x1p-112).bitPattern >> 13)
    return value.sign == .minus ? magnitude | 0x8000 : magnitude
  }

  /// The number that a block's scale comes back as.
  @inline(__always)
  static func stored(_ scale: Float) -> Float { widenedHalf(nearest(scale)) }
}
