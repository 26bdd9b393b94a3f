// SPDX-License-Identifier: MIT

/// Rows and columns of text, fitted to a width.
package struct Table {
  /// One column.
  package struct Column {
    let title: String
    let isNumber: Bool
    let shrinks: Bool

    /// Text, set to the left.
    package static func text(_ title: String) -> Column {
      Column(title: title, isNumber: false, shrinks: false)
    }

    /// Text that is shortened in its middle where the table is too wide.
    package static func flexible(_ title: String) -> Column {
      Column(title: title, isNumber: false, shrinks: true)
    }

    /// Numbers, set to the right.
    package static func number(_ title: String) -> Column {
      Column(title: title, isNumber: true, shrinks: false)
    }
  }

  private enum Row {
    case cells([String])
    case heading(String)
  }

  private let columns: [Column]
  private var rows: [Row] = []
  private static let gap = "  "
  private static let narrowest = 12

  /// Makes a table without rows.
  package init(_ columns: [Column]) { self.columns = columns }

  /// Whether there are no rows.
  package var isEmpty: Bool { rows.isEmpty }

  /// Adds a row, a cell for each column.
  package mutating func add(_ cells: String...) { add(cells) }

  /// Adds a row, a cell for each column.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "a cell for each column")
    rows.append(.cells(cells.map(Text.printable)))
  }

  /// Begins a group of rows under a line of its own.
  package mutating func beginGroup(_ heading: String) {
    rows.append(.heading(Text.printable(heading)))
  }

  /// Sets the table as lines, header first.
  ///
  /// - Parameters:
  ///   - width: Cells that a line may take.
  ///   - style: How the header and group headings are set off.
  /// - Returns: Lines without their ends.
  package func lines(width: Int, style: Style = .plain) -> [String] {
    let widths = fittedWidths(width)
    let header = style.dim(line(columns.map(\.title), widths))
    return [header]
      + rows.map { row in
        switch row {
        case .cells(let cells): line(cells, widths)
        case .heading(let text): style.bold(Text.shortened(text, to: width))
        }
      }
  }

  /// Cells that a line takes where nothing is shortened.
  package var width: Int { Self.sum(naturalWidths) }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var text = ""
    for (index, (cell, width)) in zip(cells, widths).enumerated() {
      let fitted = Text.shortened(cell, to: width)
      text += (index > 0 ? Self.gap : "")
      text += Text.padded(fitted, to: width, rightAligned: columns[index].isNumber)
    }
    while text.last == " " { text.removeLast() }
    return text
  }

  /// The widest cell of each column, flexible columns cut down until the table fits.
  private func fittedWidths(_ limit: Int) -> [Int] {
    var widths = naturalWidths
    var excess = Self.sum(widths) - limit
    while excess > 0, let widest = widestFlexible(widths) {
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private var naturalWidths: [Int] {
    var widths = columns.map { Text.width($0.title) }
    for case .cells(let cells) in rows {
      for (index, cell) in cells.enumerated() {
        widths[index] = max(widths[index], Text.width(cell))
      }
    }
    return widths
  }

  private static func sum(_ widths: [Int]) -> Int {
    widths.reduce(0, +) + gap.count * (widths.count - 1)
  }

  private func widestFlexible(_ widths: [Int]) -> Int? {
    columns.indices
      .filter { columns[$0].shrinks && widths[$0] > Self.narrowest }
      .max { widths[$0] < widths[$1] }
  }
}

/// How headings are set off: by escape codes on a terminal, not at all elsewhere.
package struct Style: Sendable {
  private let isOn: Bool

  /// No escape codes.
  package static let plain = Style(isOn: false)
  /// Escape codes.
  package static let terminal = Style(isOn: true)

  func bold(_ text: String) -> String { isOn ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  func dim(_ text: String) -> String { isOn ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
}
