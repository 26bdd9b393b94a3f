// SPDX-License-Identifier: MIT
import Quant

/// What an importance matrix gathered, and which experts it hardly knows.
struct ImatrixView {
  let model: String
  let output: String
  let matrix: ImportanceMatrix

  private struct JSON: Encodable {
    let model: String
    let output: String
    let importanceMatrix: ImportanceSummary
    let rareExperts: [ExpertCoverage.Layer]
  }

  /// Shows the result.
  func show(isJSON: Bool) throws {
    let coverage = ExpertCoverage(matrix)
    guard !isJSON else {
      return try JSONOutput.write(
        JSON(
          model: model, output: output, importanceMatrix: ImportanceSummary(matrix),
          rareExperts: coverage.layers))
    }
    var report = Report()
    report.section("Importance matrix")
    report.facts([
      ("model", model), ("written to", output), ("texts", matrix.datasets.joined(separator: ", ")),
      ("chunks", matrix.chunkCount.map(Units.grouped)),
      ("tensors", Units.grouped(matrix.entries.count)),
    ])
    report.add(coverage)
    try report.write()
  }
}

extension Report {
  /// Adds a section on how often the texts of a matrix reached the experts; nothing for dense models.
  mutating func add(_ coverage: ExpertCoverage) {
    guard !coverage.layers.isEmpty else { return }
    section("Experts reached")
    var table = Table([
      .number("layer"), .number("experts"), .number("fewest"), .number("even use"), .number("most"),
      .flexible("rarely or never"),
    ])
    for layer in coverage.layers {
      let rare = layer.rare.map { "\($0.expert) (\(Units.grouped($0.count)))" }
      table.add(
        String(layer.layer), String(layer.experts), Units.grouped(layer.fewest),
        Units.grouped(Int(layer.mean)), Units.grouped(layer.most),
        rare.isEmpty ? "none" : rare.joined(separator: " "))
    }
    self.table(table)
    line("Rarely: less than \(Units.percent(ExpertCoverage.rareShare)) of even use.")
  }
}
