// SPDX-License-Identifier: MIT

/// A result for people: sections of facts, tables and lines, written at once.
package struct Report {
  /// The text so far.
  package private(set) var text = ""
  /// Cells of a line.
  let width: Int
  private let tableWidth: Int
  private let style: Style

  /// Makes an empty report, by default for what standard output is now.
  package init(
    width: Int = Terminal.output.width, tableWidth: Int = Terminal.output.tableWidth,
    style: Style = Terminal.output.hasStyle ? .terminal : .plain
  ) {
    self.width = width
    self.tableWidth = tableWidth
    self.style = style
  }

  /// Begins a section, an empty line before it.
  package mutating func section(_ title: String) {
    if !text.isEmpty { text += "\n" }
    text += style.bold(Text.printable(title)) + "\n"
  }

  /// Adds lines of `name  value`, values below each other; a `nil` value leaves its line out. Values
  /// too long for the line go on below, at the same column.
  package mutating func facts(_ facts: [(name: String, value: String?)]) {
    add(facts, width: width)
  }

  /// Adds facts that programs look for: on a terminal like others, elsewhere a line each.
  package mutating func entries(_ facts: [(name: String, value: String?)]) {
    add(facts, width: tableWidth)
  }

  private mutating func add(_ facts: [(name: String, value: String?)], width: Int) {
    let shown = facts.compactMap { fact in
      fact.value.map { (Text.printable(fact.name), Text.printable($0)) }
    }
    let column = 2 + (shown.map { Text.width($0.0) }.max() ?? 0) + 2
    for (name, value) in shown {
      let lines = Self.wrapped(value, to: max(20, width - column))
      for (index, line) in lines.enumerated() {
        text += Text.padded(index == 0 ? "  " + name : "", to: column) + line + "\n"
      }
    }
  }

  /// Adds a table, set in by two cells.
  package mutating func table(_ table: Table) {
    for line in table.lines(width: tableWidth - 2, style: style) { text += "  " + line + "\n" }
  }

  /// Adds a line of text, set in by two cells.
  package mutating func line(_ line: String) {
    for part in Self.wrapped(Text.printable(line), to: width - 2) { text += "  " + part + "\n" }
  }

  /// Adds a line that is to be pasted, set in by two cells and never broken.
  package mutating func verbatim(_ line: String) { text += "  " + Text.printable(line) + "\n" }

  /// Writes the report to standard output.
  package func write() throws { try Output.write(text) }

  /// Breaks text between words; a word longer than the line stays whole.
  private static func wrapped(_ text: String, to width: Int) -> [String] {
    guard Text.width(text) > width else { return [text] }
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !line.isEmpty && Text.width(line) + 1 + Text.width(String(word)) > width {
        lines.append(line)
        line = String(word)
      } else {
        line += (line.isEmpty ? "" : " ") + word
      }
    }
    return lines + [line]
  }
}
