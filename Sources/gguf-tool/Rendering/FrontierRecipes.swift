// SPDX-License-Identifier: MIT
import Quant

/// What makes each variant of a frontier, to be unfolded and copied.
struct FrontierRecipes {
  private let facts: FrontierFacts

  /// Prepares the list.
  init(_ facts: FrontierFacts) { self.facts = facts }

  /// A folded part for each variant; empty without variants.
  func list() -> String {
    guard !facts.points.isEmpty else { return "" }
    let note =
      "Paste the commands of a variant into a shell, in the folder where the frontier was measured."
      + " The first writes the recipe, the second the model. A click selects both."
    return Markup.text("p", note, ["class": "note"])
      + facts.points.indices.map(entry).joined(separator: "\n")
  }

  private func entry(_ index: Int) -> String {
    let point = facts.points[index]
    let commands = VariantCommands(point, of: facts.frontier).lines
    // Each line by itself: escaping would name the ends of lines.
    let lines = commands.joined(separator: "\n").split(
      separator: "\n", omittingEmptySubsequences: false)
    let text = lines.map { Markup.escaped(String($0)) }.joined(separator: "\n")
    return Markup.element(
      "details", [:],
      summary(point, isPicked: index == facts.pickedIndex) + notes(point)
        + Markup.element("pre", [:], text))
  }

  private func summary(_ point: Frontier.Point, isPicked: Bool) -> String {
    let name = "\(point.series.rawValue) \(point.label), \(Units.shortBytes(point.sizeBytes))"
    return Markup.element(
      "summary", [:],
      PlotMark(series: point.series).inline(isOnFront: point.isOnFront) + Markup.escaped(name)
        + (isPicked ? " " + Markup.text("em", "picked") : ""))
  }

  private func notes(_ point: Frontier.Point) -> String {
    let refusal = point.llamaCpp.reason.map { ["llama.cpp does not load it: \($0)"] } ?? []
    let notes = refusal + LossWarnings.lines(point.losses, point.emptiedTensors)
    return notes.map { Markup.text("p", $0, ["class": "note"]) }.joined()
  }
}
