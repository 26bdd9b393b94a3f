// SPDX-License-Identifier: MIT
package import Quant

/// A frontier as one HTML page that needs nothing else: plots, heat maps and a table.
package enum FrontierPage {
  /// The page's text, in HTML that is well-formed XML as well. It has no scripts; pointing at a mark
  /// tells its figures.
  package static func html(of frontier: Frontier) -> String {
    let facts = FrontierFacts(frontier)
    let plots = FrontierPlots(facts)
    let body = [
      head(facts),
      section("Size against divergence", plots.divergence()),
      section("Size against perplexity", plots.perplexities()),
      section("Speed against perplexity", plots.speeds()),
      section("Types of the experts", FrontierHeatMaps(facts).maps()),
      section("All variants", FrontierTable(facts).table()),
      section("Recipes and commands", FrontierRecipes(facts).list()),
      Markup.text("footer", "Made by gguf-tool \(Version.current)."),
    ]
    return document(title: "Variants of \(facts.title)", body.joined(separator: "\n"))
  }

  private static func document(title: String, _ body: String) -> String {
    let head = [
      Markup.element("meta", ["charset": "utf-8"]),
      Markup.element(
        "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      Markup.text("title", title), Markup.element("style", [:], "\n\(style)\n"),
    ].joined(separator: "\n")
    let content = Markup.element("head", [:], head) + "\n" + Markup.element("body", [:], body)
    return "<!DOCTYPE html>\n" + Markup.element("html", ["lang": "en"], content) + "\n"
  }

  private static func section(_ title: String, _ content: String) -> String {
    content.isEmpty
      ? "" : Markup.element("section", [:], Markup.text("h2", title) + "\n" + content)
  }

  private static func head(_ facts: FrontierFacts) -> String {
    let list = facts.head.map { name, value in
      Markup.text("dt", name) + Markup.text("dd", value)
    }
    let kicker = Markup.text("p", "Variants of a model", ["class": "kicker"])
    let path = Markup.text("p", facts.frontier.model, ["class": "path"])
    return Markup.element(
      "header", [:],
      kicker + Markup.text("h1", facts.title) + path
        + Markup.element("dl", [:], list.joined(separator: "\n")) + pick(facts))
  }

  private static func pick(_ facts: FrontierFacts) -> String {
    guard let pick = facts.frontier.pick else { return "" }
    let found = facts.picked.map { "\($0.series.rawValue) \($0.label)" } ?? "no variant"
    let head = Markup.text("strong", "Picked: \(found)")
    let figures = facts.picked.map { Markup.text("p", facts.summary($0)) } ?? ""
    let reason = Markup.text("p", "Policy \(pick.policy): \(pick.reason)")
    let refusal = facts.picked?.llamaCpp.reason.map { reason in
      Markup.text("p", "llama.cpp does not load it: \(reason)")
    }
    return Markup.element(
      "div", ["class": "pick"], head + figures + reason + (refusal ?? ""))
  }
}
