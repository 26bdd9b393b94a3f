// SPDX-License-Identifier: MIT
internal import BlockFormats
import GGUF

/// A 64-bit fingerprint of bytes, to notice change and damage (not attack).
///
/// Each 8-byte word is mixed in by exclusive or, multiplication and rotation, so that every bit of
/// the input reaches every bit of the fingerprint within two words.
package struct Fingerprint {
  package private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// Begins without bytes.
  package init() {}

  private mutating func mix(_ word: UInt64) {
    value = (value ^ word) &* 0xD6E8_FEB8_6659_FD93
    value = value << 31 | value >> 33
  }

  package mutating func add(_ number: Int) { mix(UInt64(bitPattern: Int64(number))) }

  package mutating func add(_ bytes: RawSpan) {
    let words = bytes.byteCount / 8
    for index in 0..<words { mix(bytes.u64(at: index * 8)) }
    for index in words * 8..<bytes.byteCount { mix(UInt64(bytes.u8(at: index))) }
    add(bytes.byteCount)
  }

  package mutating func add(_ bytes: [UInt8]) { unsafe add(bytes.span.bytes) }

  package mutating func add(_ text: String) { add(Array(text.utf8)) }

  /// The fingerprint as 16 digits.
  package var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The fingerprint of a run of bytes.
  package static func of(_ bytes: RawSpan) -> UInt64 {
    var fingerprint = Fingerprint()
    fingerprint.add(bytes)
    return fingerprint.value
  }
}
