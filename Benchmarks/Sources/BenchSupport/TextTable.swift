// SPDX-License-Identifier: MIT
import Foundation

/// A table of numbers: names at the left, numbers set to the right.
package struct TextTable: Sendable {
  private let header: [[String]]
  private var rows: [[String]] = []

  /// Makes a table; `header` may have more than one line.
  package init(header: [String]...) { self.header = header }

  /// Adds a row, a cell for each column.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count == header.last?.count, "a cell for each column")
    rows.append(cells)
  }

  /// The table as text for a terminal.
  package func text() -> String {
    let all = header + rows
    let widths = (header.last ?? []).indices.map { column in
      all.map { $0[column].count }.max() ?? 0
    }
    return all.map { line($0, widths) + "\n" }.joined()
  }

  /// The table in Markdown.
  package func markdown() -> String {
    let titles = (header.last ?? []).indices.map { column in
      header.map { $0[column] }.filter { !$0.isEmpty }.joined(separator: " ")
    }
    let rule = "|---|" + String(repeating: "---:|", count: max(titles.count - 1, 0))
    return ([markdown(titles), rule] + rows.map(markdown)).joined(separator: "\n") + "\n"
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    let padded = zip(cells, widths).enumerated().map { index, cell in
      let padding = String(repeating: " ", count: cell.1 - cell.0.count)
      return index == 0 ? cell.0 + padding : padding + cell.0
    }
    let line = padded.joined(separator: " ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }

  private func markdown(_ cells: [String]) -> String {
    "| " + cells.joined(separator: " | ") + " |"
  }
}

/// Numbers as the tables show them.
package enum Figures {
  /// What stands where there is no number.
  package static let none = "-"

  /// Millions to three figures: `1.37`, `85.2`, `208`.
  package static func speed(_ value: Double?) -> String {
    guard let value, value.isFinite else { return none }
    return String(format: value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value)
  }

  /// How many times as fast: `12.3 ×`.
  package static func times(_ value: Double?) -> String {
    value.map { speed($0) + " ×" } ?? none
  }

  /// A ratio to three decimals: `0.971`.
  package static func ratio(_ value: Double?) -> String {
    guard let value, value.isFinite else { return none }
    return String(format: "%.3f", value)
  }

  /// A relative error to four figures: `0.08123`.
  package static func error(_ value: Double?) -> String {
    guard let value, value.isFinite else { return none }
    return value == 0 ? "0" : String(format: "%.4g", value)
  }

  /// The arithmetic mean, if there is anything to take it of.
  package static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
