// SPDX-License-Identifier: MIT
public import GGUF

/// Metadata for programs: an object with a member for each key.
public struct MetadataSummary: Sendable, Encodable {
  private let metadata: Metadata
  private let arrayLimit: Int

  /// Elements of an array that are given unless all are asked for.
  public static let shortArray = 64

  /// Wraps metadata.
  ///
  /// - Parameters:
  ///   - metadata: Keys and values.
  ///   - isFull: Whether longer arrays are given whole rather than by their first elements.
  public init(_ metadata: Metadata, isFull: Bool) {
    self.metadata = metadata
    arrayLimit = isFull ? .max : Self.shortArray
  }

  /// Writes `{"KEY": {"type": …, "value": …}}`; arrays have `element_type`, `count` and `values`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(
      Dictionary(
        metadata.entries.map { ($0.key, EncodedEntry(value: $0.value, arrayLimit: arrayLimit)) },
        uniquingKeysWith: { first, _ in first }))
  }
}

/// A value with its type.
struct EncodedEntry: Encodable {
  let value: MetadataValue
  let arrayLimit: Int

  private enum Keys: String, CodingKey { case type, elementType, count, value, values }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode("\(value.type)", forKey: .type)
    if case .array(let array) = value {
      try container.encode("\(array.elementType)", forKey: .elementType)
      try container.encode(array.count, forKey: .count)
      try container.encode(
        array.values(arrayLimit).map { EncodedValue(value: $0, arrayLimit: arrayLimit) },
        forKey: .values)
    } else {
      try container.encode(EncodedValue(value: value, arrayLimit: arrayLimit), forKey: .value)
    }
  }
}

/// A value as JSON has it; an array in an array appears with its type.
private struct EncodedValue: Encodable {
  let value: MetadataValue
  let arrayLimit: Int

  func encode(to encoder: any Encoder) throws {
    if case .array = value {
      return try EncodedEntry(value: value, arrayLimit: arrayLimit).encode(to: encoder)
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
