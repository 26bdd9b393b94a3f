// SPDX-License-Identifier: MIT
import Quant

/// Perplexities, and divergences, for people and for programs.
struct PerplexityView {
  let found: Losses

  private struct JSON: Encodable {
    struct Corpus: Encodable {
      let corpus: String
      let windows: Int
      let windowLength: Int
      let tokens: Int
      let countedTokens: Int
      let perplexity: MeasuredValue
      let meanLoss: MeasuredValue
      let seconds: Double
      let tokensPerSecond: Double
      let divergence: DivergenceSummary?
    }
    let model: String
    let `protocol`: EvaluationProtocol
    let compute: String
    let corpora: [Corpus]
    let router: RouterStatistics?
  }

  /// Writes the result.
  func show(isJSON: Bool) throws {
    guard !isJSON else { return try JSONOutput.write(json) }
    var report = Report()
    report.section("Perplexity")
    report.facts([
      ("model", found.model), ("protocol", found.rules.rawValue),
      ("window", found.texts.first.map { "\($0.counts.length) tokens" }),
      ("compute", found.compute.rawValue),
    ])
    report.table(perplexities)
    for result in found.texts {
      guard let divergence = result.report.divergence else { continue }
      report.section("Divergence from the base, \(result.corpus)")
      report.facts(Self.facts(divergence.summary))
    }
    if let router = found.router { Self.add(router, to: &report) }
    try report.write()
  }

  private var json: JSON {
    JSON(
      model: found.model, protocol: found.rules, compute: found.compute.rawValue,
      corpora: found.texts.map { result in
        JSON.Corpus(
          corpus: result.corpus, windows: result.counts.windows,
          windowLength: result.counts.length, tokens: result.counts.tokens,
          countedTokens: result.counts.countedTokens,
          perplexity: result.report.losses.perplexity, meanLoss: result.report.losses.meanLoss,
          seconds: result.seconds, tokensPerSecond: result.tokensPerSecond,
          divergence: result.report.divergence?.summary)
      }, router: found.router)
  }

  private var perplexities: Table {
    var table = Table([
      .flexible("text"), .number("windows"), .number("counted"), .number("perplexity"),
      .number("±"), .number("tokens/s"), .number("time"),
    ])
    for result in found.texts {
      let perplexity = result.report.losses.perplexity
      table.add(
        result.corpus, Units.grouped(result.counts.windows),
        Units.grouped(result.counts.countedTokens), Units.fixed(perplexity.value, 4),
        Units.fixed(perplexity.error, 4), Units.significant(result.tokensPerSecond, 3),
        Units.duration(.seconds(result.seconds)))
    }
    return table
  }

  private static func facts(_ summary: DivergenceSummary) -> [(name: String, value: String?)] {
    let quantiles = [50, 90, 95, 99, 99.9].map { percent in
      "\(Units.fixed(percent, percent == 99.9 ? 1 : 0)) %: "
        + Units.significant(summary.divergence[percent: percent], 4)
    }
    return [
      ("base perplexity", text(summary.basePerplexity, 4)),
      ("perplexity ratio", text(summary.ratio, 5)),
      ("perplexity difference", text(summary.difference, 4)),
      ("correlation of losses", Units.percent(summary.correlation)),
      ("mean KL divergence", small(summary.meanDivergence)),
      ("KL divergence", quantiles.joined(separator: ", ")),
      ("largest", Units.significant(summary.divergence.maximum, 4)),
      ("mean Δp", points(summary.meanProbabilityDifference)),
      ("root mean square Δp", points(summary.rootMeanSquareDifference)),
      ("same top token", points(summary.sameTop)),
    ]
  }

  private static func text(_ measured: MeasuredValue, _ digits: Int) -> String {
    "\(Units.fixed(measured.value, digits)) ± \(Units.fixed(measured.error, digits))"
  }

  private static func small(_ measured: MeasuredValue) -> String {
    "\(Units.significant(measured.value, 4)) ± \(Units.significant(measured.error, 2))"
  }

  private static func points(_ measured: MeasuredValue) -> String {
    "\(Units.fixed(100 * measured.value, 3)) ± \(Units.fixed(100 * measured.error, 3)) %"
  }

  private static func add(_ router: RouterStatistics, to report: inout Report) {
    guard !router.layers.isEmpty else {
      report.section("Routers")
      return report.line("the model has none")
    }
    for quantity in RouterHeatMap.Quantity.allCases {
      report.section(
        quantity == .share ? "Tokens that chose each expert" : "Mean routing weight of each expert")
      for line in RouterHeatMap(router, quantity).lines(width: Terminal.output.width - 2) {
        report.line(line)
      }
    }
  }
}
