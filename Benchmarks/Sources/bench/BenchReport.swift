// SPDX-License-Identifier: MIT
import BenchSupport
import GGUF

/// The figures of all levels.
struct BenchReport: Encodable {
  /// The processor's name.
  let processor = Machine.processor
  /// The unit of all figures.
  let unit = "million weights a second on one thread"
  /// Levels in the order they were asked for.
  let levels: [String]
  /// For each level, the figures of each type by its name.
  let figures: [String: [String: SpeedFigures]]

  /// The figures as a table: three groups of columns, in each a column for a level.
  func text() -> String {
    let groups = ["enc. imp.", "enc. plain", "decode"]
    var table = TextTable(
      header: [""] + groups.flatMap { [$0] + levels.dropFirst().map { _ in "" } },
      ["type"] + groups.flatMap { _ in levels })
    for type in TypeList.all.types.map(\.name) {
      let figures = levels.map { self.figures[$0]?[type] }
      guard figures.contains(where: { $0 != nil }) else { continue }
      table.add(
        [type] + figures.map { Figures.speed($0?.weighted) }
          + figures.map { Figures.speed($0?.plain) } + figures.map { Figures.speed($0?.decode) })
    }
    return "\(processor); \(unit), medians\n" + table.text()
  }
}
