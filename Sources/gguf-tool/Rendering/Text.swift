// SPDX-License-Identifier: MIT

/// Text on a grid of terminal cells.
package enum Text {
  /// Text that is safe to print: control and direction-changing characters, which could steer the
  /// terminal, appear as `\n` or `\u{1B}`.
  package static func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isUnsafe(scalar) {
        result += escape(scalar)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// JSON text of the same meaning that is safe to print: JSON allows all control characters above
  /// 0x1F as they are, and among them are some that terminals obey.
  static func printableJSON(_ text: String) -> String {
    guard !text.utf8.allSatisfy({ $0 < 0x7F }), text.unicodeScalars.contains(where: isHidden) else {
      return text
    }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      guard isHidden(scalar) else {
        result.append(scalar)
        continue
      }
      for unit in Character(scalar).utf16 {
        let digits = String(unit, radix: 16)
        result.append(
          contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)"
            .unicodeScalars)
      }
    }
    return String(result)
  }

  /// Whether a character of JSON text is unsafe; line ends are the layout's own.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    scalar != "\n" && isUnsafe(scalar)
  }

  /// Cells that a line of text takes.
  package static func width(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.reduce(0) { $0 + (isWide($1) ? 2 : 1) }
  }

  /// Text cut to a width; what is left out of the middle is shown by `…`.
  package static func shortened(_ text: String, to limit: Int) -> String {
    guard width(text) > limit else { return text }
    guard limit > 1 else { return limit == 1 ? "…" : "" }
    let tail = prefix(of: text.reversed(), width: (limit - 1) / 2)
    let head = prefix(of: Array(text), width: limit - 1 - tail.reduce(0) { $0 + cells($1) })
    return String(head) + "…" + String(tail.reversed())
  }

  /// Text filled up with spaces to a width.
  package static func padded(_ text: String, to width: Int, rightAligned: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, width - self.width(text)))
    return rightAligned ? spaces + text : text + spaces
  }

  /// `1 tensor`, `2 tensors`: a count with its noun.
  package static func plural(_ count: Int, _ noun: String) -> String {
    "\(Units.grouped(count)) \(noun)\(count == 1 ? "" : "s")"
  }

  /// A tensor's shape, innermost dimension first: `4096 × 14336 × 8`.
  package static func shape(_ dimensions: [Int]) -> String {
    dimensions.isEmpty ? "1" : dimensions.map(String.init).joined(separator: " × ")
  }

  private static func prefix(of characters: [Character], width limit: Int) -> [Character] {
    var used = 0
    return Array(
      characters.prefix { character in
        used += cells(character)
        return used <= limit
      })
  }

  private static func cells(_ character: Character) -> Int { isWide(character) ? 2 : 1 }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
    default: false
    }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }
  }

  /// The blocks that terminals draw over two cells: Hangul, CJK, full-width forms, emoji.
  private static func isWide(_ character: Character) -> Bool {
    guard let value = character.unicodeScalars.first?.value, value >= 0x1100 else { return false }
    switch value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      return true
    default:
      return false
    }
  }
}
