// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Refuses files that are not text: a tokenizer takes any bytes, and what is measured with them means
/// nothing.
enum TextCheck {
  /// Fewer odd bytes than this may be a slip in any text.
  private static let fewOddBytes = 16

  /// Refuses a file of a known kind that is not text.
  ///
  /// - Parameters:
  ///   - bytes: The beginning of the file.
  ///   - path: Its name.
  /// - Throws: `QuantError.content`, naming the kind and what can be done.
  static func check(beginning bytes: [UInt8], path: String) throws(QuantError) {
    guard let kind = FileKind(beginning: bytes), let remedy = kind.remedyForText else { return }
    // Texts may begin with the letters of a magic.
    let isCertain = kind == .lfsPointer || kind == .utf16
    guard isCertain || oddBytes(bytes[..<min(bytes.count, FileKind.lookedAt)]) > 0 else { return }
    throw .content(file: path, line: 0, what: "expected text, found \(kind.inWords): \(remedy)")
  }

  /// Refuses bytes of which more than a tenth are not those of text. Western texts in Latin-1 have less,
  /// and are read as ever.
  ///
  /// - Parameters:
  ///   - bytes: Part of a file.
  ///   - path: The file's name.
  /// - Throws: `QuantError.content`.
  /// - Complexity: O(*n*).
  static func check(_ bytes: [UInt8], path: String) throws(QuantError) {
    let odd = oddBytes(bytes[...])
    guard odd >= fewOddBytes, odd > bytes.count / 10 else { return }
    throw .content(
      file: path, line: 0,
      what: "expected text in UTF-8, found other data: \(odd) of \(bytes.count) bytes are not of"
        + " such text")
  }

  /// Bytes that are neither part of a character in UTF-8 nor white space where control characters are.
  static func oddBytes(_ bytes: ArraySlice<UInt8>) -> Int {
    var (odd, index) = (0, bytes.startIndex)
    while index < bytes.endIndex {
      let byte = bytes[index]
      guard byte >= 0x80 else {
        if byte < 0x20, !(0x09...0x0D).contains(byte), byte != 0x1B { odd += 1 }
        index += 1
        continue
      }
      let length = characterLength(byte)
      let rest = bytes[index...].prefix(length).dropFirst()
      let isWhole = length > 1 && rest.count == length - 1 && rest.allSatisfy { $0 & 0xC0 == 0x80 }
      if !isWhole { odd += 1 }
      index += isWhole ? length : 1
    }
    return odd
  }

  /// Bytes of a character that begins with this one; 1 if none does.
  private static func characterLength(_ first: UInt8) -> Int {
    switch first {
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 1
    }
  }
}
