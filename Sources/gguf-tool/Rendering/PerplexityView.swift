// SPDX-License-Identifier: MIT
import Quant

/// What a model's evaluation with one text came to.
struct PerplexityResult {
  let corpus: String
  let windows: EvaluationWindows
  let report: LossReport
  let duration: Duration

  /// Tokens that went through the model in a second.
  var tokensPerSecond: Double {
    Double(windows.tokens.count) / max(duration / .seconds(1), 1e-9)
  }
}

/// Perplexities, and divergences, for people and for programs.
struct PerplexityView {
  let model: String
  let rules: EvaluationProtocol
  let compute: ComputeMode
  let results: [PerplexityResult]
  let router: RouterStatistics?

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
      ("model", model), ("protocol", rules.rawValue),
      ("window", results.first.map { "\($0.windows.length) tokens" }),
      ("compute", compute.rawValue),
    ])
    report.table(perplexities)
    for result in results {
      guard let divergence = result.report.divergence else { continue }
      report.section("Divergence from the base, \(result.corpus)")
      report.facts(Self.facts(divergence.summary))
    }
    if let router { Self.add(router, to: &report) }
    try report.write()
  }

  private var json: JSON {
    JSON(
      model: model, protocol: rules, compute: compute.rawValue,
      corpora: results.map { result in
        JSON.Corpus(
          corpus: result.corpus, windows: result.windows.count,
          windowLength: result.windows.length, tokens: result.windows.tokens.count,
          countedTokens: result.windows.countedTokens,
          perplexity: result.report.losses.perplexity, meanLoss: result.report.losses.meanLoss,
          seconds: result.duration / .seconds(1), tokensPerSecond: result.tokensPerSecond,
          divergence: result.report.divergence?.summary)
      }, router: router)
  }

  private var perplexities: Table {
    var table = Table([
      .flexible("text"), .number("windows"), .number("counted"), .number("perplexity"),
      .number("±"), .number("tokens/s"), .number("time"),
    ])
    for result in results {
      let perplexity = result.report.losses.perplexity
      table.add(
        result.corpus, Units.grouped(result.windows.count),
        Units.grouped(result.windows.countedTokens), Units.fixed(perplexity.value, 4),
        Units.fixed(perplexity.error, 4), Units.significant(result.tokensPerSecond, 3),
        Units.duration(result.duration))
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
