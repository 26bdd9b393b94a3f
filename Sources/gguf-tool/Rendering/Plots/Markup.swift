// SPDX-License-Identifier: MIT

/// Elements of HTML and SVG, written so that they are well-formed XML too.
enum Markup {
  /// Text for content and attributes: characters that mean something are escaped, control characters
  /// are named.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in Text.printable(text).unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// An element. The values of its attributes are escaped here; its content is markup already.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: String = ""
  ) -> String {
    let head = attributes.map { " \($0)=\"\(escaped($1))\"" }.joined()
    return content.isEmpty && voidElements.contains(name)
      ? "<\(name)\(head)/>" : "<\(name)\(head)>\(content)</\(name)>"
  }

  /// An element that holds text, which is escaped here.
  static func text(
    _ name: String, _ text: String, _ attributes: KeyValuePairs<String, String> = [:]
  ) -> String {
    element(name, attributes, escaped(text))
  }

  /// A coordinate, to a tenth of a pixel.
  static func pixels(_ value: Double) -> String {
    let text = Units.fixed(value, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// HTML's parser takes `<p/>` for an opening tag; only these may be closed that way.
  private static let voidElements: Set<String> = [
    "meta", "line", "rect", "circle", "path", "polyline", "stop",
  ]
}
