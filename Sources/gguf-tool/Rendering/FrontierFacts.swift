// SPDX-License-Identifier: MIT
import Quant

/// What the parts of a frontier's page say of the model and its variants.
struct FrontierFacts {
  let frontier: Frontier

  /// Makes the facts of a frontier.
  init(_ frontier: Frontier) { self.frontier = frontier }

  var points: [Frontier.Point] { frontier.points }

  /// The last part of the model's path.
  var fileName: String {
    frontier.model.split(separator: "/").last.map(String.init) ?? frontier.model
  }

  /// What the model calls itself, or its file.
  var title: String {
    let name = frontier.name ?? ""
    return name.contains { !$0.isWhitespace } ? name : fileName
  }

  /// Why llama.cpp does not load some of the variants, a sentence a reason.
  var refusals: [String] {
    var reasons: [String] = []
    for reason in points.compactMap(\.llamaCpp.reason) where !reasons.contains(reason) {
      reasons.append(reason)
    }
    return reasons.map { reason in
      let count = points.count { $0.llamaCpp.reason == reason }
      return "llama.cpp does not load \(Text.plural(count, "variant")): \(reason)."
    }
  }

  /// The texts, by name, in the order in which they were measured.
  var texts: [String] {
    var texts: [String] = []
    for result in frontier.base + points.flatMap(\.results) where !texts.contains(result.corpus) {
      texts.append(result.corpus)
    }
    return texts
  }

  /// The series that have points.
  var series: [Frontier.Point.Series] {
    Frontier.Point.Series.allCases.filter { series in points.contains { $0.series == series } }
  }

  /// The number of the picked point.
  var pickedIndex: Int? {
    guard let index = frontier.pick?.point, points.indices.contains(index) else { return nil }
    return index
  }

  var picked: Frontier.Point? { pickedIndex.map { points[$0] } }

  /// The model's own perplexity on a text.
  func basePerplexity(_ text: String) -> MeasuredValue? {
    frontier.base.first { $0.corpus == text }?.perplexity
  }

  /// Names and values for the head of the page.
  var head: [(String, String)] {
    var facts = [("size", Units.bytes(frontier.modelBytes))]
    let texts = self.texts.map { text in
      basePerplexity(text).map { "\(text) (perplexity \(Self.perplexity($0)))" } ?? text
    }
    facts.append(("texts", texts.isEmpty ? "none" : texts.joined(separator: ", ")))
    facts.append(("variants", variants))
    let refused = points.count { !$0.llamaCpp.loads }
    if refused > 0 { facts.append(("llama.cpp", "loads \(points.count - refused) of them")) }
    if !frontier.expertLayers.isEmpty {
      facts.append(("layers with experts", NumberList.text(of: frontier.expertLayers)))
    }
    if let machine = frontier.machine { facts.append(("machine", machine)) }
    return facts
  }

  private var variants: String {
    guard !points.isEmpty else { return "none" }
    let counts = series.map { series in
      "\(series.rawValue) \(points.count { $0.series == series })"
    }
    let front = points.count { $0.isOnFront }
    return "\(points.count) (\(counts.joined(separator: ", "))), \(front) on the front"
  }

  /// The mean divergence over the texts.
  ///
  /// - Returns: Its error is that of a mean of independent measurements, √(Σ error²) / n.
  func divergence(_ point: Frontier.Point) -> MeasuredValue? {
    guard !point.results.isEmpty else { return nil }
    let squares = point.results.reduce(0) { $0 + $1.divergence.error * $1.divergence.error }
    return MeasuredValue(
      point.meanDivergence, error: squares.squareRoot() / Double(point.results.count))
  }

  /// The mean over the texts of the perplexity over the model's; its error as for the divergence.
  func perplexityRatio(_ point: Frontier.Point) -> MeasuredValue? {
    guard !point.results.isEmpty else { return nil }
    let count = Double(point.results.count)
    let sum = point.results.reduce(0) { $0 + $1.perplexityRatio.value }
    let squares = point.results.reduce(0) {
      $0 + $1.perplexityRatio.error * $1.perplexityRatio.error
    }
    return MeasuredValue(sum / count, error: squares.squareRoot() / count)
  }

  /// A point's figures in a line.
  func summary(_ point: Frontier.Point) -> String {
    var parts = [
      Units.bytes(point.sizeBytes), "\(Units.bitsPerWeight(point.bitsPerWeight)) bits a weight",
    ]
    if let divergence = divergence(point) {
      parts.append("divergence \(Self.small(divergence)) nats per token")
    }
    parts += point.results.map {
      "\($0.corpus): perplexity \(Self.perplexity($0.perplexity))"
    }
    if let speed = point.speed { parts.append("\(Self.speed(speed)) tokens/s") }
    return parts.joined(separator: "; ")
  }

  /// What pointing at a mark tells.
  func title(_ point: Frontier.Point) -> String {
    let experts = point.quantizedExperts.map { ", \(Text.plural($0, "expert")) in few bits" } ?? ""
    return "\(point.series.rawValue), \(point.label)\(experts): \(summary(point))"
  }

  static func perplexity(_ value: MeasuredValue) -> String {
    "\(Units.significant(value.value, 5))\u{A0}±\u{A0}\(Units.significant(value.error, 2))"
  }

  static func small(_ value: MeasuredValue) -> String {
    "\(Units.significant(value.value, 3))\u{A0}±\u{A0}\(Units.significant(value.error, 2))"
  }

  /// Tokens a second, no finer than a prediction is: two figures below ten, whole numbers of three above.
  static func speed(_ rate: Double) -> String {
    guard rate.magnitude >= 9.95, rate.magnitude < 1e15 else { return Units.significant(rate, 2) }
    var unit = 1.0
    while rate.magnitude >= 999.5 * unit { unit *= 10 }
    return Units.grouped(Int((rate / unit).rounded() * unit))
  }

  static func speed(_ speed: Frontier.Speed) -> String {
    let figures = [speed.tokensPerSecond, speed.low, speed.high].map(Self.speed)
    return "\(figures[0]) (\(figures[1])–\(figures[2]))"
  }
}
