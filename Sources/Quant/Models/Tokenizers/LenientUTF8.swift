// SPDX-License-Identifier: MIT

/// UTF-8 read as llama.cpp reads it: only lead bytes and the number of bytes that follow count.
///
/// Surrogates and forms that are longer than needed pass. Every byte that begins no character stands
/// for U+FFFD. (Values above U+10FFFF, on which llama.cpp gives up, do here as well.)
enum LenientUTF8 {
  /// How many bytes a character takes by its first byte; 1 for bytes that begin none.
  static func length(_ lead: UInt8) -> Int {
    switch lead >> 4 {
    case 0xC, 0xD: 2
    case 0xE: 3
    case 0xF: 4
    default: 1
    }
  }

  /// The scalar value that begins at `place` and where the next one does; `nil` if none begins there.
  static func decode(_ bytes: [UInt8], at place: Int) -> (value: UInt32, end: Int)? {
    let lead = bytes[place]
    guard lead >= 0x80 else { return (UInt32(lead), place + 1) }
    let count = length(lead)
    guard count > 1, lead < 0xF8, place + count <= bytes.count else { return nil }
    var value = UInt32(lead) & (0x7F >> UInt32(count))
    for next in place + 1..<place + count {
      guard bytes[next] & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(bytes[next] & 0x3F)
    }
    return value <= 0x10FFFF ? (value, place + count) : nil
  }

  /// Appends the shortest form of a value, which may be a surrogate's.
  static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    func tail(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (value >> shift) & 0x3F) }
    switch value {
    case 0..<0x80: bytes.append(UInt8(value))
    case 0x80..<0x800: bytes += [UInt8(0xC0 | value >> 6), tail(0)]
    case 0x800..<0x10000: bytes += [UInt8(0xE0 | value >> 12), tail(6), tail(0)]
    default: bytes += [UInt8(0xF0 | value >> 18), tail(12), tail(6), tail(0)]
    }
  }

  /// The text with every character whole and in its shortest form.
  static func repaired(_ bytes: [UInt8]) -> [UInt8] {
    if (try? UTF8Span(validating: bytes.span)) != nil { return bytes }
    var repaired: [UInt8] = []
    repaired.reserveCapacity(bytes.count)
    var place = 0
    while place < bytes.count {
      let (value, end) = decode(bytes, at: place) ?? (0xFFFD, place + 1)
      append(value, to: &repaired)
      place = end
    }
    return repaired
  }
}
