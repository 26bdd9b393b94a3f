// SPDX-License-Identifier: MIT
public import GGUF

/// Metadata for programs: an object with a member for each key.
public struct MetadataSummary: Sendable, Encodable {
  private let entries: [Metadata.Entry]
  private let tokens: NamedTokens
  private let arrayLimit: Int

  /// Elements of an array that are given unless all are asked for.
  public static let shortArray = 64

  /// Wraps metadata.
  ///
  /// - Parameters:
  ///   - metadata: Keys and values.
  ///   - keys: The keys that are wanted; `nil` for all.
  ///   - isFull: Whether longer arrays are given whole rather than by their first elements.
  public init(_ metadata: Metadata, keys: Set<String>? = nil, isFull: Bool) {
    entries = metadata.entries.filter { keys?.contains($0.key) ?? true }
    tokens = NamedTokens(metadata)
    arrayLimit = isFull ? .max : Self.shortArray
  }

  /// Writes `{"KEY": {"type": …, "value": …}}`; arrays have `element_type`, `count` and `values`. What is
  /// shortened has `is_shortened`, and says in `whole_from` which command gives all of it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(
      Dictionary(entries.map { ($0.key, encoded($0)) }, uniquingKeysWith: { first, _ in first }))
  }

  private func encoded(_ entry: Metadata.Entry) -> EncodedEntry {
    EncodedEntry(
      key: entry.key, value: entry.value, arrayLimit: arrayLimit,
      tokens: NamedTokens.areGiven(by: entry.key) ? tokens : nil)
  }
}

/// A value with its type.
struct EncodedEntry: Encodable {
  /// The key, if the value is that of one.
  let key: String?
  let value: MetadataValue
  let arrayLimit: Int
  /// The tokens, if the value is their numbers.
  var tokens: NamedTokens?

  private enum Keys: String, CodingKey {
    case type, elementType, count, value, values, token, tokens, roomBytes, isShortened, wholeFrom
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode("\(value.type)", forKey: .type)
    switch value {
    case .array(let array): try encode(array, to: &container)
    case .string(let spaces) where key == HeaderRoom.key:
      try container.encode(spaces.bytes.count, forKey: .roomBytes)
      try markShortened("--raw", in: &container)
    default:
      try container.encode(EncodedValue(value: value, arrayLimit: arrayLimit), forKey: .value)
      try container.encodeIfPresent(tokens?.text(of: value), forKey: .token)
    }
  }

  private func encode(
    _ array: MetadataArray, to container: inout KeyedEncodingContainer<Keys>
  ) throws {
    let shown = array.values(arrayLimit)
    try container.encode("\(array.elementType)", forKey: .elementType)
    try container.encode(array.count, forKey: .count)
    try container.encode(
      shown.map { EncodedValue(value: $0, arrayLimit: arrayLimit) }, forKey: .values)
    if let tokens, array.elementType.isInteger {
      try container.encode(shown.map(tokens.text), forKey: .tokens)
    }
    if shown.count < array.count { try markShortened("--json", in: &container) }
  }

  private func markShortened(
    _ option: String, in container: inout KeyedEncodingContainer<Keys>
  ) throws {
    try container.encode(true, forKey: .isShortened)
    let command = key.map { "gguf-tool inspect FILE --key \($0) \(option)" }
    try container.encodeIfPresent(command, forKey: .wholeFrom)
  }
}

/// A value as JSON has it; an array in an array appears with its type.
private struct EncodedValue: Encodable {
  let value: MetadataValue
  let arrayLimit: Int

  func encode(to encoder: any Encoder) throws {
    if case .array = value {
      return try EncodedEntry(key: nil, value: value, arrayLimit: arrayLimit).encode(to: encoder)
    }
    var container = encoder.singleValueContainer()
    switch value {
    case .uint64(let number): try container.encode(number)
    case .float32(let number): try container.encode(number)
    case .float64(let number): try container.encode(number)
    case .bool(let flag): try container.encode(flag)
    case .string(let text): try container.encode(text.text)
    default: try container.encode(value.integer)
    }
  }
}
