// SPDX-License-Identifier: MIT

/// Rows of cells shaded by a number each, where 1 is the usual.
package struct HeatMap {
  /// One row.
  package struct Row {
    /// What stands before it.
    let label: String
    /// The cells from left to right; `nil` for one that is not there.
    let values: [Double?]
    /// What pointing at a cell tells, for each.
    let texts: [String]
  }

  /// What it shows.
  let title: String
  /// What is 1.
  let unit: String
  /// The rows from top to bottom.
  let rows: [Row]

  /// The most cells of a row.
  var columns: Int { rows.map(\.values.count).max() ?? 0 }

  /// The map as lines of block characters.
  ///
  /// - Parameter width: Cells that a line may take; where there are more, neighbours share one, which
  ///   shows their mean.
  /// - Returns: The lines, the last of them the legend; none if there are no cells.
  package func lines(width: Int) -> [String] {
    guard columns > 0 else { return [] }
    let label = rows.map { Text.width($0.label) }.max() ?? 1
    let room = max(1, width - label - 3)
    let step = (columns + room - 1) / room
    let lines = rows.map { row in
      let cells = stride(from: 0, to: row.values.count, by: step).map { start in
        let part = row.values[start..<min(start + step, row.values.count)].compactMap { $0 }
        return RouterHeatMap.shade(part.isEmpty ? 0 : part.reduce(0, +) / Double(part.count))
      }
      return "\(Text.padded(row.label, to: label)) ▕\(String(cells))▏"
    }
    return lines + [RouterHeatMap.legend(unit: unit, sharing: step > 1 ? "\(step) cells" : nil)]
  }
}
