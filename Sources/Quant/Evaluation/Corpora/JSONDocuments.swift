// SPDX-License-Identifier: MIT
internal import QuantModels

/// The `text` of each object in a file of JSON, or its messages as a chat template has them: one object,
/// several (usually one a line), or an array.
struct JSONDocuments {
  private enum State {
    case outside, arrayStart, array
  }

  private var scanner: JSONScanner
  private var place = State.outside
  private var key: [UInt8] = []
  private let field: String
  private let template: ChatTemplate?
  /// Whether any document was made of messages.
  private(set) var hasChats = false

  /// What the members of an object gave.
  private struct Members {
    var text: [UInt8]?
    /// The messages of the member that was asked for, and those of the usual one.
    var chosen: Messages?, usual: Messages?
  }

  /// A list of messages, or what is wrong with it: an error only where there is no text.
  private typealias Messages = Result<[ChatMessage], QuantError>

  /// Starts at the beginning of a file.
  ///
  /// - Parameters:
  ///   - source: The file's bytes.
  ///   - field: The member that holds the document.
  ///   - template: How messages become a text.
  ///   - limit: The most bytes that a string may have.
  /// - Throws: What reading the first bytes throws.
  init(
    _ source: PlainBytes, field: String = CorpusReading.usualField,
    template: ChatTemplate? = nil, limit: Int
  ) throws(QuantError) {
    self.field = field
    self.template = template
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
      throw scanner.unexpected(found, expected: "an object with \"\(field)\"")
    }
    let line = scanner.line
    var members = Members()
    try forEachMember { (documents) throws(QuantError) in try documents.take(&members) }
    if let text = members.text { return text }
    if let messages = members.chosen ?? members.usual {
      return try conversation(messages.get(), line)
    }
    throw scanner.failure("this object has no \"\(field)\"", line: line)
  }

  /// Takes an object; the body takes each value, with `key` before it.
  private mutating func forEachMember(
    _ body: (inout JSONDocuments) throws(QuantError) -> Void
  ) throws(QuantError) {
    try scanner.take(UInt8(ascii: "{"))
    if try scanner.takeIf(UInt8(ascii: "}")) { return }
    repeat {
      try scanner.string(into: &key)
      try scanner.take(UInt8(ascii: ":"))
      try body(&self)
    } while try scanner.takeIf(UInt8(ascii: ","))
    try scanner.take(UInt8(ascii: "}"))
  }

  private mutating func take(_ members: inout Members) throws(QuantError) {
    let isField = key.elementsEqual(field.utf8)
    // The usual member is text; one that was named may hold messages.
    let isMessages =
      isField && field != CorpusReading.usualField
      || key.elementsEqual(CorpusReading.messages.utf8)
    let next = try scanner.token()
    if isMessages, next == UInt8(ascii: "[") {
      let messages = try messages()
      if isField { members.chosen = messages } else { members.usual = messages }
    } else if isField {
      guard next == UInt8(ascii: "\"") else {
        throw scanner.failure("\"\(field)\" is not a string")
      }
      var value: [UInt8] = []
      try scanner.string(into: &value)
      members.text = value
    } else {
      try scanner.skipValue()
    }
  }

  // MARK: Conversations

  private mutating func conversation(
    _ messages: [ChatMessage], _ line: Int
  ) throws(QuantError) -> [UInt8] {
    hasChats = true
    let known = ChatTemplate.allCases.map(\.rawValue).joined(separator: ", ")
    guard let template else {
      throw scanner.failure(
        "this object holds messages: expected a model whose chat template is one of \(known)",
        line: line)
    }
    guard let text = template.text(of: messages) else {
      throw scanner.failure(
        "the chat template \(template.rawValue) has no role of a message's name", line: line)
    }
    return Array(text.utf8)
  }

  private mutating func messages() throws(QuantError) -> Messages {
    var messages: [ChatMessage] = []
    var fault: QuantError?
    try scanner.take(UInt8(ascii: "["))
    if try scanner.takeIf(UInt8(ascii: "]")) { return .success([]) }
    repeat {
      switch try message() {
      case .success(let message): messages.append(message)
      case .failure(let error): fault = fault ?? error
      }
    } while try scanner.takeIf(UInt8(ascii: ","))
    try scanner.take(UInt8(ascii: "]"))
    return fault.map { .failure($0) } ?? .success(messages)
  }

  private mutating func message() throws(QuantError) -> Result<ChatMessage, QuantError> {
    let found = try scanner.token()
    guard found == UInt8(ascii: "{") else {
      let error = scanner.unexpected(found, expected: "a message with \"role\" and \"content\"")
      try scanner.skipValue()
      return .failure(error)
    }
    let line = scanner.line
    var (role, content): (String?, String?) = (nil, nil)
    try forEachMember { (documents) throws(QuantError) in
      let isString = try documents.scanner.token() == UInt8(ascii: "\"")
      switch String(decoding: documents.key, as: UTF8.self) {
      case "role" where isString: role = try documents.string()
      case "content" where isString: content = try documents.string()
      default: try documents.scanner.skipValue()
      }
    }
    guard let role, let content else {
      return .failure(
        scanner.failure(
          "expected a message with the strings \"role\" and \"content\", found one without",
          line: line))
    }
    return .success(ChatMessage(role: role, content: content))
  }

  private mutating func string() throws(QuantError) -> String {
    var value: [UInt8] = []
    try scanner.string(into: &value)
    return String(decoding: value, as: UTF8.self)
  }
}
