// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// Values of metadata in words; what is left out of a long one is counted.
struct MetadataText {
  /// Characters of a text that are shown.
  private let characters: Int
  /// Elements of a list that are shown.
  private let elements: Int

  /// All of every value.
  static let whole = MetadataText(characters: .max, elements: .max)

  /// Enough to know a value by. Where programs read, nearly every text is whole, on one line; what is
  /// longer are chat templates and licences.
  static let short = MetadataText(
    characters: Terminal.output.isTerminal ? 160 : 1000, elements: 6)

  /// A value in words, with the texts of the tokens if it is their numbers.
  func text(_ value: MetadataValue, tokens: NamedTokens? = nil) -> String {
    switch value {
    case .string(let string): shortened(string.text)
    case .array(let array): text(array, tokens)
    default: Self.plain(value) + (tokens?.text(of: value).map { " \"\($0)\"" } ?? "")
    }
  }

  /// A value in words, a text in quotation marks.
  func quoted(_ value: MetadataValue) -> String {
    value.text.map { shortened($0, mark: "\"") } ?? text(value)
  }

  /// A number or a flag, with as many digits as tell it from any other.
  static func plain(_ value: MetadataValue) -> String {
    switch value {
    case .bool(let flag): flag ? "true" : "false"
    case .float32(let number): "\(number)"
    case .float64(let number): "\(number)"
    case .uint64(let number): "\(number)"
    default: value.integer.map(String.init) ?? ""
    }
  }

  private func text(_ array: MetadataArray, _ tokens: NamedTokens?) -> String {
    let values = array.values(elements).map { value in
      value.text == nil ? text(value, tokens: tokens) : quoted(value)
    }
    let rest = array.count > values.count ? ", …" : ""
    return "\(array.count) × \(array.elementType): \(values.joined(separator: ", "))\(rest)"
  }

  private func shortened(_ text: String, mark: String = "") -> String {
    guard Text.width(text) > characters else { return mark + text + mark }
    let count = Text.plural(text.count, "character")
    return mark + Text.shortened(text, to: characters) + mark
      + " (\(count); inspect --key NAME shows all)"
  }
}
