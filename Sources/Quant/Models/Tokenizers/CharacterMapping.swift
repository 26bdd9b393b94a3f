// SPDX-License-Identifier: MIT
// The standard library has canonical decomposition, but offers it to Foundation only.
@_spi(_Unicode) import Swift

/// Single characters for single characters, as BERT's normalization needs them.
extension WordPieceEncoder {
  /// The first character of the canonical decomposition.
  static func base(_ value: UInt32) -> UInt32 {
    guard value >= 0xC0, let scalar = Unicode.Scalar(value) else { return value }
    for first in String(scalar)._nfd { return first.value }
    return value
  }

  /// The first character of the lower-case form.
  static func lowered(_ value: UInt32) -> UInt32 {
    guard value >= 0x80, let scalar = Unicode.Scalar(value) else {
      return (0x41...0x5A).contains(value) ? value + 0x20 : value
    }
    return scalar.properties.lowercaseMapping.unicodeScalars.first?.value ?? value
  }
}
