// SPDX-License-Identifier: MIT
internal import QuantModels

/// The tokens of JSON text that comes a chunk at a time.
///
/// Holds one chunk and, while reading a string, that string. Follows RFC 8259; a surrogate without its
/// pair, which that allows in an escape but which is no character, becomes U+FFFD.
struct JSONScanner {
  /// How deep arrays and objects may lie in each other.
  static let depthLimit = 128

  /// The line of the next byte, from 1.
  private(set) var line = 1
  private let source: PlainBytes
  /// The most bytes that a string may have.
  private let stringLimit: Int
  private var chunk: [UInt8] = []
  private var position = 0

  /// Starts at the beginning of a file, after a byte order mark if there is one.
  init(_ source: PlainBytes, stringLimit: Int) throws(QuantError) {
    self.source = source
    self.stringLimit = stringLimit
    if try peek() == 0xEF { try literal("\u{FEFF}") }
  }

  /// The next byte after white space, not taken; `nil` at the end.
  mutating func token() throws(QuantError) -> UInt8? {
    while let byte = try peek() {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
      case UInt8(ascii: "\n"): line += 1
      default: return byte
      }
      position += 1
    }
    return nil
  }

  /// Takes the token `byte`, which must come next.
  mutating func take(_ byte: UInt8) throws(QuantError) {
    let found = try token()
    guard found == byte else { throw unexpected(found, expected: Self.quoted(byte)) }
    position += 1
  }

  /// Takes the token `byte` if it comes next.
  mutating func takeIf(_ byte: UInt8) throws(QuantError) -> Bool {
    guard try token() == byte else { return false }
    position += 1
    return true
  }

  /// Takes a string, quotes included, and puts what it says in `text`.
  mutating func string(into text: inout [UInt8]) throws(QuantError) {
    try take(UInt8(ascii: "\""))
    text.removeAll(keepingCapacity: true)
    while true {
      guard try peek() != nil else { throw failure("the file ends in the middle of a string") }
      let end = plainEnd()
      text.append(contentsOf: chunk[position..<end])
      guard text.count <= stringLimit else {
        throw failure("a string of more than \(stringLimit) bytes")
      }
      position = end
      guard end < chunk.count else { continue }
      position += 1
      switch chunk[end] {
      case UInt8(ascii: "\""): return
      case UInt8(ascii: "\\"): try escape(into: &text)
      default: throw failure("a control character or the end of the line within a string")
      }
    }
  }

  /// Takes a value of any kind and forgets it.
  mutating func skipValue(depth: Int = 1) throws(QuantError) {
    guard depth <= Self.depthLimit else {
      throw failure("more than \(Self.depthLimit) objects and arrays within each other")
    }
    switch try token() {
    case UInt8(ascii: "{"): try skipMembers(UInt8(ascii: "{"), UInt8(ascii: "}"), depth)
    case UInt8(ascii: "["): try skipMembers(UInt8(ascii: "["), UInt8(ascii: "]"), depth)
    case UInt8(ascii: "\""):
      var text: [UInt8] = []
      try string(into: &text)
    case UInt8(ascii: "t"): try literal("true")
    case UInt8(ascii: "f"): try literal("false")
    case UInt8(ascii: "n"): try literal("null")
    case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): try number()
    case let found: throw unexpected(found, expected: "a value")
    }
  }

  /// An error at the present line.
  func failure(_ what: String, line: Int? = nil) -> QuantError {
    .content(file: source.path, line: line ?? self.line, what: what)
  }

  /// An error for a byte, or an end, that should not be here.
  func unexpected(_ found: UInt8?, expected: String) -> QuantError {
    failure(
      "this is not JSON: expected \(expected), found \(found.map(Self.quoted) ?? "the end of the file")"
    )
  }

  private mutating func peek() throws(QuantError) -> UInt8? {
    while position == chunk.count {
      position = 0
      if try !source.next(into: &chunk) {
        chunk = []
        return nil
      }
    }
    return chunk[position]
  }

  private mutating func next(_ expected: String) throws(QuantError) -> UInt8 {
    guard let byte = try peek() else { throw unexpected(nil, expected: expected) }
    position += 1
    return byte
  }

  /// Where the plain characters from `position` on end in this chunk.
  private func plainEnd() -> Int {
    let bytes = chunk.span
    for index in position..<bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { return index }
    }
    return bytes.count
  }

  private mutating func skipMembers(
    _ open: UInt8, _ close: UInt8, _ depth: Int
  ) throws(QuantError) {
    try take(open)
    if try takeIf(close) { return }
    repeat {
      if open == UInt8(ascii: "{") {
        var key: [UInt8] = []
        try string(into: &key)
        try take(UInt8(ascii: ":"))
      }
      try skipValue(depth: depth + 1)
    } while try takeIf(UInt8(ascii: ","))
    try take(close)
  }

  private mutating func literal(_ text: String) throws(QuantError) {
    for byte in text.utf8 {
      let found = try peek()
      guard found == byte else { throw unexpected(found, expected: "\"\(text)\"") }
      position += 1
    }
  }

  private mutating func number() throws(QuantError) {
    if try peek() == UInt8(ascii: "-") { position += 1 }
    // Zeros in front of other digits are not allowed.
    if try peek() == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if try peek() == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    guard let byte = try peek(), byte | 0x20 == UInt8(ascii: "e") else { return }
    position += 1
    if let sign = try peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      position += 1
    }
    try digits()
  }

  private mutating func digits() throws(QuantError) {
    let first = try next("a digit")
    guard Self.isDigit(first) else { throw unexpected(first, expected: "a digit") }
    while let byte = try peek(), Self.isDigit(byte) { position += 1 }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func quoted(_ byte: UInt8) -> String {
    byte > 0x20 && byte < 0x7F
      ? "\"\(Unicode.Scalar(byte))\"" : "the byte 0x\(String(byte, radix: 16, uppercase: true))"
  }
}

extension JSONScanner {
  /// Takes what follows a backslash.
  private mutating func escape(into text: inout [UInt8]) throws(QuantError) {
    let byte = try next("an escape")
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): try unicode(into: &text)
    default: throw unexpected(byte, expected: "an escape")
    }
  }

  /// Takes the digits after `\u`, and a second escape where the first is the upper half of a pair.
  private mutating func unicode(into text: inout [UInt8]) throws(QuantError) {
    var unit = try codeUnit()
    while 0xD800...0xDBFF ~= unit {
      guard try peek() == UInt8(ascii: "\\") else { return Self.append(unit, to: &text) }
      position += 1
      guard try peek() == UInt8(ascii: "u") else {
        Self.append(unit, to: &text)
        return try escape(into: &text)
      }
      position += 1
      let second = try codeUnit()
      if 0xDC00...0xDFFF ~= second {
        return Self.append((unit - 0xD800) << 10 + (second - 0xDC00) + 0x10000, to: &text)
      }
      Self.append(unit, to: &text)
      unit = second
    }
    Self.append(unit, to: &text)
  }

  private mutating func codeUnit() throws(QuantError) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      let byte = try next("four hexadecimal digits")
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected(byte, expected: "four hexadecimal digits")
      }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  private static func append(_ value: UInt32, to text: inout [UInt8]) {
    text.append(contentsOf: (Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
  }
}
