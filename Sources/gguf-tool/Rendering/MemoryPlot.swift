// SPDX-License-Identifier: MIT
package import Quant

/// Memory against context for several types, with the line of the card: as people draw it by hand.
package struct MemoryPlot {
  private let model: String
  private let curves: [MemoryCurve]
  private let budget: MemoryBudget?
  private let gpuCount: Int

  /// Prepares a plot.
  ///
  /// - Parameters:
  ///   - model: What to call the model.
  ///   - curves: A line for each.
  ///   - budget: The memory that there is.
  ///   - gpuCount: GPUs that the lines are for; zero for host memory.
  package init(model: String, curves: [MemoryCurve], budget: MemoryBudget?, gpuCount: Int) {
    (self.model, self.curves, self.budget, self.gpuCount) = (model, curves, budget, gpuCount)
  }

  /// The file: a picture, or a page with it where the name ends in `.html`.
  package func text(for path: String) -> String {
    let isPage = [".html", ".htm"].contains { path.lowercased().hasSuffix($0) }
    guard isPage else { return picture }
    let head =
      Markup.element("meta", ["charset": "utf-8"])
      + Markup.element("meta", ["name": "color-scheme", "content": "light dark"])
      + Markup.text("title", title)
    let body = Markup.element("body", ["style": "margin:0 auto;max-width:1100px"], picture)
    return "<!DOCTYPE html>\n"
      + Markup.element("html", ["lang": "en"], Markup.element("head", [:], head) + body) + "\n"
  }

  private var title: String { "Memory of \(model)" }

  private var picture: String {
    LinePlot(
      name: title, x: "tokens of context",
      y: gpuCount > 0 ? "GPU memory, GiB" : "host memory, GiB", series: curves.map(series),
      levels: levels, label: { Self.tokens(Int($0)) }
    ).svg()
  }

  private func series(_ curve: MemoryCurve) -> LinePlot.Series {
    LinePlot.Series(
      name: curve.name,
      points: curve.points.map { point in
        (
          Double(point.context), Self.gib(point.bytes),
          "\(curve.name), \(Units.grouped(point.context)) tokens: \(Units.shortBytes(point.bytes))"
        )
      })
  }

  /// What there is, and what of it is left beside the margin and what else takes memory.
  private var levels: [LinePlot.Level] {
    guard let budget else { return [] }
    let devices = gpuCount > 0 ? (0..<gpuCount).map(MemoryDevice.gpu) : [.host]
    let all = gpuCount > 0 ? budget.gpus.reduce(0, +) : budget.host
    let usable = devices.reduce(0) { $0 + (budget.target($1) ?? 0) }
    guard let all else { return [] }
    let what = gpuCount > 1 ? "\(gpuCount) GPUs" : gpuCount > 0 ? "the card" : "host memory"
    let whole = LinePlot.Level(y: Self.gib(all), label: "\(what): \(Units.shortBytes(all))")
    guard usable > 0, usable < all else { return [whole] }
    return [
      whole, .init(y: Self.gib(usable), label: "left for the model: \(Units.shortBytes(usable))"),
    ]
  }

  private static func gib(_ bytes: Int) -> Double { Double(bytes) / 0x1p30 }

  /// `8k`, `128k`, `1M`.
  private static func tokens(_ count: Int) -> String {
    if count >= 1 << 20, count % (1 << 20) == 0 { return "\(count >> 20)M" }
    return count >= 1024 && count % 1024 == 0 ? "\(count >> 10)k" : "\(count)"
  }
}
