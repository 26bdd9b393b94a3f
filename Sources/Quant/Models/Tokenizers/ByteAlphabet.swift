// SPDX-License-Identifier: MIT

/// GPT-2's letters for bytes: vocabularies of byte pairs are written in them, so that every byte can
/// be seen.
///
/// Bytes that Latin-1 prints stand for themselves; the other 68, in order, are U+0100 to U+0143. The
/// space is `Ġ`.
enum ByteAlphabet {
  private static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (0..<256).map { (byte: UInt32) in
      if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE {
        return byte
      }
      defer { next += 1 }
      return next
    }
  }()

  /// The byte of each letter, or -1.
  private static let bytes: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
    return bytes
  }()

  /// Appends the bytes that a text in these letters stands for; returns whether it consists of them.
  static func decode(_ text: [UInt8], _ range: Range<Int>, into output: inout [UInt8]) -> Bool {
    let letters = bytes
    var place = range.lowerBound
    while place < range.upperBound {
      guard let (value, end) = LenientUTF8.decode(text, at: place), end <= range.upperBound,
        value < letters.count, letters[Int(value)] >= 0
      else { return false }
      output.append(UInt8(letters[Int(value)]))
      place = end
    }
    return true
  }

  /// Whether the letter of a byte is ASCII, and so the byte itself.
  static func isASCII(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }
}
