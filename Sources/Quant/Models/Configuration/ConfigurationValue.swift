// SPDX-License-Identifier: MIT
internal import GGUF

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A value of a JSON text.
package enum ConfigurationValue: Sendable, Equatable {
  case null
  case flag(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([ConfigurationValue])
  case object([String: ConfigurationValue])

  /// Reads a JSON text. `Infinity` and `NaN` are numbers, as Python writes them.
  ///
  /// Throws `QuantError.content` for a text that is no JSON object.
  static func object(_ text: String, file: String) throws(QuantError) -> [String: Self] {
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    guard let value = try? decoder.decode(Self.self, from: Data(text.utf8)),
      case .object(let object) = value
    else {
      throw .content(file: file, line: 0, what: "expected a JSON object, found something else")
    }
    return object
  }

  var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  var flag: Bool? { if case .flag(let value) = self { value } else { nil } }

  var text: String? { if case .text(let value) = self { value } else { nil } }

  var list: [Self]? { if case .list(let value) = self { value } else { nil } }

  var object: [String: Self]? { if case .object(let value) = self { value } else { nil } }

  /// Whether it says that there is none of something: null, false, zero or nothing at all.
  var isNothing: Bool {
    switch self {
    case .null: true
    case .flag(let value): !value
    case .integer(let value): value == 0
    case .number(let value): value == 0
    case .text(let value): value.isEmpty
    case .list(let values): values.allSatisfy(\.isNothing)
    case .object(let values): values.values.allSatisfy(\.isNothing)
    }
  }

  /// What kind of value it is, for errors.
  var inWords: String {
    switch self {
    case .null: "null"
    case .flag(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): "\"\(value)\""
    case .list: "a list"
    case .object: "an object"
    }
  }
}

extension ConfigurationValue: Decodable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([Self].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: Self].self))
    }
  }
}
