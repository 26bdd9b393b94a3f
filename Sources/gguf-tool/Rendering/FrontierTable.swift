// SPDX-License-Identifier: MIT
import Quant

/// All variants of a frontier as a table of HTML.
struct FrontierTable {
  private let facts: FrontierFacts

  /// Prepares the table.
  init(_ facts: FrontierFacts) { self.facts = facts }

  /// The table; a sentence if there are no variants.
  func table() -> String {
    guard !facts.points.isEmpty else {
      return Markup.text("p", "There are none.", ["class": "note"])
    }
    let rows = facts.points.indices.map(row).joined(separator: "\n")
    let table = Markup.element(
      "table", [:],
      Markup.element("thead", [:], Markup.element("tr", [:], header))
        + Markup.element("tbody", [:], rows))
    return Markup.element("div", ["class": "wide"], table)
      + Markup.text(
        "p",
        "● on the front: no other variant is both smaller and closer to the model."
          + " Divergences are in nats per token, ± one standard error.", ["class": "note"])
      + facts.refusals.map { Markup.text("p", $0, ["class": "note"]) }.joined()
  }

  private var hasSpeeds: Bool { facts.points.contains { $0.speed != nil } }

  private var header: String {
    var names = ["size of the file", "bits a weight", "expected divergence", "measured divergence"]
    names += facts.texts.map { "perplexity, \($0)" }
    if hasSpeeds { names.append("tokens/s") }
    return Markup.text("th", "●", ["scope": "col"])
      + ["variant", "llama.cpp"].map { Markup.text("th", $0, ["scope": "col"]) }.joined()
      + names.map { Markup.text("th", $0, ["scope": "col", "class": "number"]) }.joined()
  }

  private func row(_ index: Int) -> String {
    let point = facts.points[index]
    let isPicked = index == facts.pickedIndex
    let name =
      PlotMark(series: point.series).inline(isOnFront: point.isOnFront)
      + Markup.escaped("\(point.series.rawValue) \(point.label)")
      + (isPicked ? " " + Markup.text("em", "picked") : "")
    let cells =
      [
        Markup.text("td", point.isOnFront ? "●" : "", ["class": "dot"]),
        Markup.element("td", [:], name),
        Markup.text("td", point.llamaCpp.loads ? "loads" : "does not load"),
      ] + figures(point).map { Markup.text("td", $0, ["class": "number"]) }
    return Markup.element("tr", ["class": isPicked ? "chosen" : "plain"], cells.joined())
  }

  private func figures(_ point: Frontier.Point) -> [String] {
    var figures = [
      Units.bytes(point.sizeBytes), Units.bitsPerWeight(point.bitsPerWeight),
      Units.significant(point.expectedDivergence, 3),
      facts.divergence(point).map(FrontierFacts.small) ?? "–",
    ]
    figures += facts.texts.map { text in
      point.results.first { $0.corpus == text }
        .map { FrontierFacts.perplexity($0.perplexity) } ?? "–"
    }
    if hasSpeeds { figures.append(point.speed.map(FrontierFacts.speed) ?? "–") }
    return figures
  }
}
