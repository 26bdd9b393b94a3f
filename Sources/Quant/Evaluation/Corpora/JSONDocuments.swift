// SPDX-License-Identifier: MIT
internal import QuantModels

/// The `text` of each object in a file of JSON: one object, several (usually one a line), or an array.
struct JSONDocuments {
  private enum State {
    case outside, arrayStart, array
  }

  private var scanner: JSONScanner
  private var place = State.outside
  private var key: [UInt8] = []

  /// Starts at the beginning of a file.
  ///
  /// - Parameters:
  ///   - source: The file's bytes.
  ///   - limit: The most bytes that a string may have.
  /// - Throws: What reading the first bytes throws.
  init(_ source: PlainBytes, limit: Int) throws(QuantError) {
    scanner = try JSONScanner(source, stringLimit: limit)
  }

  /// The next document; `nil` at the end.
  ///
  /// Throws `QuantError.content`, with the line, for text that is not JSON and for an object without a
  /// string called `text`.
  mutating func next() throws(QuantError) -> [UInt8]? {
    while true {
      let byte = try scanner.token()
      switch (place, byte) {
      case (.outside, nil): return nil
      case (.outside, UInt8(ascii: "[")):
        try scanner.take(UInt8(ascii: "["))
        place = .arrayStart
      case (.arrayStart, UInt8(ascii: "]")), (.array, UInt8(ascii: "]")):
        try scanner.take(UInt8(ascii: "]"))
        place = .outside
      case (.array, _):
        try scanner.take(UInt8(ascii: ","))
        return try object()
      case (.arrayStart, _):
        place = .array
        return try object()
      case (.outside, _): return try object()
      }
    }
  }

  /// Takes an object and gives its text; of several members of that name the last, as everywhere.
  private mutating func object() throws(QuantError) -> [UInt8] {
    let found = try scanner.token()
    guard found == UInt8(ascii: "{") else {
      throw scanner.unexpected(found, expected: "an object with \"text\"")
    }
    let line = scanner.line
    try scanner.take(UInt8(ascii: "{"))
    var text: [UInt8]?
    if try !scanner.takeIf(UInt8(ascii: "}")) {
      repeat { try member(&text) } while try scanner.takeIf(UInt8(ascii: ","))
      try scanner.take(UInt8(ascii: "}"))
    }
    guard let text else { throw scanner.failure("this object has no \"text\"", line: line) }
    return text
  }

  private mutating func member(_ text: inout [UInt8]?) throws(QuantError) {
    try scanner.string(into: &key)
    try scanner.take(UInt8(ascii: ":"))
    guard key.elementsEqual("text".utf8) else { return try scanner.skipValue() }
    guard try scanner.token() == UInt8(ascii: "\"") else {
      throw scanner.failure("\"text\" is not a string")
    }
    var value: [UInt8] = []
    try scanner.string(into: &value)
    text = value
  }
}
