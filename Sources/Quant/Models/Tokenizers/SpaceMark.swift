// SPDX-License-Identifier: MIT

/// The mark `▁` (U+2581) that SentencePiece writes for a space.
enum SpaceMark {
  static let bytes: [UInt8] = [0xE2, 0x96, 0x81]

  /// The text with marks for spaces.
  static func marked(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    append(text[...], to: &result)
    return result
  }

  /// Appends text with marks for spaces.
  static func append(_ text: ArraySlice<UInt8>, to result: inout [UInt8]) {
    result.reserveCapacity(result.count + text.count + text.count / 2)
    for byte in text {
      if byte == 0x20 { result += bytes } else { result.append(byte) }
    }
  }

  /// Whether a mark begins at `place`.
  static func isMark(_ text: [UInt8], _ place: Int, end: Int) -> Bool {
    text[place] == bytes[0] && place + 3 <= end && text[place + 1] == bytes[1]
      && text[place + 2] == bytes[2]
  }

  /// The text with spaces for marks.
  static func unmarked(_ text: ArraySlice<UInt8>) -> [UInt8] {
    let whole = Array(text)
    var result: [UInt8] = []
    var place = 0
    while place < whole.count {
      let isMark = isMark(whole, place, end: whole.count)
      result.append(isMark ? 0x20 : whole[place])
      place += isMark ? 3 : 1
    }
    return result
  }
}

/// Tokens for single bytes, written `<0x0A>`.
enum ByteToken {
  /// The text of a byte's token.
  static func text(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x" + (digits.count < 2 ? "0" : "") + digits + ">"
  }

  /// The byte of a token, if it is one.
  static func byte(_ text: ArraySlice<UInt8>) -> UInt8? {
    guard text.count == 6, text.starts(with: Array("<0x".utf8)), text.last == UInt8(ascii: ">")
    else { return nil }
    return UInt8(String(decoding: text.dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
  }
}
