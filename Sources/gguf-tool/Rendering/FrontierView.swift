// SPDX-License-Identifier: MIT
import Quant

/// A frontier as a table, and the point that was picked.
struct FrontierView {
  let output: String
  let frontier: Frontier

  /// Where the figures of a page go: beside it, and nowhere where it is streamed.
  static func figures(beside page: String) -> String? {
    ByteStream.isOne(page) ? nil : page + ".json"
  }

  /// One point in a line.
  static func line(of point: Frontier.Point) -> String {
    "\(point.series.rawValue) \(point.label): \(Units.shortBytes(point.sizeBytes)), "
      + "\(Units.significant(point.meanDivergence, 3)) nats"
  }

  /// Shows the result.
  func show(isJSON: Bool) throws {
    guard !isJSON else { return try JSONOutput.write(FrontierJSON(frontier: frontier)) }
    var report = Report()
    report.section("Frontier")
    report.facts([
      ("name", frontier.name), ("model", frontier.model),
      ("size", Units.bytes(frontier.modelBytes)),
      (
        "texts",
        frontier.base.map { "\($0.corpus) \(Units.significant($0.perplexity.value, 5))" }
          .joined(separator: ", ")
      ),
      ("machine", frontier.machine), ("page", output),
      ("figures", Self.figures(beside: output)),
    ])
    report.section("Variants (* no other is smaller and better)")
    report.table(table)
    report.line(
      "nats: mean divergence from the model; perplexity: the mean over the texts, as a multiple of"
        + " the model's.")
    for line in FrontierFacts(frontier).refusals { report.line("\(Self.refused): \(line)") }
    report.line("The page has the recipe and the commands that make each variant.")
    if let pick = frontier.pick {
      report.section("Picked by policy \(pick.policy)")
      report.line(pick.point.map { Self.line(of: frontier.points[$0]) } ?? "none")
      report.line(pick.reason)
    }
    try report.write()
  }

  /// Marks variants that llama.cpp does not load.
  private static let refused = "†"

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
        (point.isOnFront ? "*" : "") + (point.llamaCpp.loads ? "" : Self.refused), point.label,
        Units.shortBytes(point.sizeBytes),
        Units.significant(point.bitsPerWeight, 3),
        Units.significant(point.expectedDivergence, 3),
        Units.significant(point.meanDivergence, 3),
        facts.perplexityRatio(point).map { "× " + Units.significant($0.value, 4) } ?? "",
        point.speed.map { FrontierFacts.speed($0.tokensPerSecond) } ?? "")
    }
    return table
  }
}
