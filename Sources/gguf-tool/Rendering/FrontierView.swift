// SPDX-License-Identifier: MIT
import Quant

/// A frontier as a table, and the point that was picked.
struct FrontierView {
  let output: String
  let frontier: Frontier

  /// One point in a line.
  static func line(of point: Frontier.Point) -> String {
    "\(point.series.rawValue) \(point.label): \(Units.shortBytes(point.sizeBytes)), "
      + "\(Units.significant(point.meanDivergence, 3)) nats"
  }

  /// Shows the result.
  func show(isJSON: Bool) throws {
    guard !isJSON else { return try JSONOutput.write(frontier) }
    var report = Report()
    report.section("Frontier")
    report.facts([
      ("model", frontier.model), ("size", Units.bytes(frontier.modelBytes)),
      (
        "texts",
        frontier.base.map { "\($0.corpus) \(Units.significant($0.perplexity.value, 5))" }
          .joined(separator: ", ")
      ),
      ("machine", frontier.machine), ("page", output), ("figures", output + ".json"),
    ])
    report.section("Variants (* no other is smaller and better)")
    report.table(table)
    report.line(
      "nats: mean divergence from the model; perplexity: the mean over the texts, as a multiple of"
        + " the model's.")
    if let pick = frontier.pick {
      report.section("Picked by policy \(pick.policy)")
      report.line(pick.point.map { Self.line(of: frontier.points[$0]) } ?? "none")
      report.line(pick.reason)
    }
    try report.write()
  }

  private var table: Table {
    var table = Table([
      .text(""), .text("variant"), .number("size"), .number("bits"), .number("expected"),
      .number("nats"), .number("perplexity"), .number("tokens/s"),
    ])
    let facts = FrontierFacts(frontier)
    var series: Frontier.Point.Series?
    for point in frontier.points {
      if point.series != series { table.beginGroup(point.series.rawValue) }
      series = point.series
      table.add(
        point.isOnFront ? "*" : "", point.label, Units.shortBytes(point.sizeBytes),
        Units.significant(point.bitsPerWeight, 3),
        Units.significant(point.expectedDivergence, 3),
        Units.significant(point.meanDivergence, 3),
        facts.perplexityRatio(point).map { "× " + Units.significant($0.value, 4) } ?? "",
        point.speed.map { Units.significant($0.tokensPerSecond, 3) } ?? "")
    }
    return table
  }
}
