// SPDX-License-Identifier: MIT
import Quant

/// The plots of a frontier's page, each with its legend and a line on how to read it.
struct FrontierPlots {
  private let facts: FrontierFacts
  private let sizes: (unit: String, bytes: Double)

  /// Prepares the plots.
  init(_ facts: FrontierFacts) {
    self.facts = facts
    sizes = Self.unit(of: facts.points.map(\.sizeBytes).max() ?? 0)
  }

  /// The binary unit that gives the largest size a number from 1 to 1023.
  private static func unit(of bytes: Int) -> (unit: String, bytes: Double) {
    var (unit, size) = ("bytes", 1.0)
    for next in ["KiB", "MiB", "GiB", "TiB"] where Double(bytes) / size >= 1024 {
      (unit, size) = (next, size * 1024)
    }
    return (unit, size)
  }

  /// Bytes against divergence.
  func divergence() -> String {
    let items = facts.points.indices.compactMap { index -> ScatterPlot.Item? in
      let point = facts.points[index]
      guard let divergence = facts.divergence(point) else { return nil }
      var item = item(index, x: size(point), y: divergence)
      item.isOnFront = point.isOnFront
      return item
    }
    let plot = ScatterPlot(
      "Size against mean KL divergence", width: 1000, height: 480, x: sizeAxis,
      y: .init(title: "mean KL divergence, nats per token", style: .logarithmic), items: items)
    return figure(
      [plot], isFirst: true,
      "A filled mark is on the front, the heavy line: "
        + "no other variant is both smaller and closer to the model.")
  }

  /// Bytes against perplexity, a plot for each text.
  func perplexities() -> String {
    let plots = facts.texts.map { text in
      let own = facts.basePerplexity(text)?.value
      let style = own.map { PlotScale.Style.widened(around: $0) } ?? .fitting
      let items = facts.points.indices.compactMap { index -> ScatterPlot.Item? in
        let point = facts.points[index]
        guard let result = point.results.first(where: { $0.corpus == text }) else { return nil }
        return item(index, x: size(point), y: Self.perplexity(result, own))
      }
      return ScatterPlot(
        "Size against perplexity, \(text)", width: facts.texts.count > 1 ? 400 : 1000, height: 330,
        x: sizeAxis, y: .init(title: Text.shortened(text, to: 16) + " perplexity", style: style),
        level: own,
        items: Self.markingFront(items) { $0.x })
    }
    let isHeld = plots.contains { $0.level != nil }
    let bars = isHeld ? "the difference from the model itself, the dashed line" : "the figure"
    return figure(
      plots,
      "Bars are one standard error of \(bars). \(Self.leftOut)"
        + " The heavy line is the front of each plot.")
  }

  private static let leftOut =
    "Bars as short as a mark, behind another, or longer than half of the plot are left out."

  /// The perplexity with the error of its difference from the model's own: what the choice of the text
  /// does to both tells nothing of a variant.
  private static func perplexity(_ result: TextResult, _ own: Double?) -> MeasuredValue {
    guard let own else { return result.perplexity }
    return MeasuredValue(result.perplexity.value, error: result.perplexityRatio.error * own)
  }

  /// Tokens a second against perplexity, and what the speeds rest on.
  func speeds() -> String {
    let items = facts.points.indices.compactMap { index -> ScatterPlot.Item? in
      let point = facts.points[index]
      guard let speed = point.speed, let ratio = facts.perplexityRatio(point) else { return nil }
      var item = item(index, x: speed.tokensPerSecond, y: ratio)
      item.xRange = Self.range(speed.low, speed.high)
      return item
    }
    let plot = ScatterPlot(
      "Tokens a second against perplexity", width: 1000, height: 440,
      x: .init(title: "tokens a second", style: .fitting),
      y: .init(title: "perplexity over the model's, mean of texts", style: .widened(around: 1)),
      level: 1, items: Self.markingFront(items) { -$0.x })
    let machine = facts.frontier.machine.map { "Speeds are predicted for \($0). " } ?? ""
    let picture = figure(
      [plot],
      machine + "Bars reach from the least to the most expected. \(Self.leftOut) "
        + "The dashed line is the model itself. "
        + "No variant is both faster and better than those on the heavy line.")
    return picture.isEmpty ? "" : picture + basis
  }

  private var basis: String {
    let sentences = facts.frontier.speedBasis.map { Markup.text("li", $0) }
    guard !sentences.isEmpty else { return "" }
    return Markup.text("p", "What the speeds rest on:", ["class": "note"])
      + Markup.element("ul", ["class": "note"], sentences.joined())
  }

  private var sizeAxis: ScatterPlot.Axis {
    .init(title: "size of the file, \(sizes.unit)", style: .linear)
  }

  private func size(_ point: Frontier.Point) -> Double { Double(point.sizeBytes) / sizes.bytes }

  private func item(_ index: Int, x: Double, y: MeasuredValue) -> ScatterPlot.Item {
    let point = facts.points[index]
    return ScatterPlot.Item(
      x: x, y: y.value, yRange: Self.range(y.value - y.error, y.value + y.error),
      series: point.series, label: point.label, title: facts.title(point),
      isPicked: index == facts.pickedIndex)
  }

  private static func range(_ low: Double, _ high: Double) -> ClosedRange<Double>? {
    PlotScale.canShow(low) && PlotScale.canShow(high) && low < high ? low...high : nil
  }

  /// Marks the items that no other beats in both: less cost, and lower in the plot.
  private static func markingFront(
    _ items: [ScatterPlot.Item], cost: (ScatterPlot.Item) -> Double
  ) -> [ScatterPlot.Item] {
    var items = items
    var best = Double.infinity
    // What is not shown has no place in an order either.
    let shown = items.indices.filter {
      PlotScale.canShow(items[$0].x) && PlotScale.canShow(items[$0].y)
    }
    let order = shown.sorted { (cost(items[$0]), items[$0].y) < (cost(items[$1]), items[$1].y) }
    for index in order where items[index].y < best {
      items[index].isOnFront = true
      best = items[index].y
    }
    return items
  }

  /// Plots side by side under one legend; empty if none has points.
  private func figure(
    _ plots: [ScatterPlot], isFirst: Bool = false, _ reading: String
  ) -> String {
    let pictures = plots.map { $0.svg() }.filter { !$0.isEmpty }
    guard !pictures.isEmpty else { return "" }
    let frames = pictures.map { Markup.element("div", ["class": "frame"], $0) }
    let row = Markup.element(
      "div", ["class": pictures.count > 1 ? "plots" : "plot-alone"], frames.joined(separator: "\n"))
    let shown = Set(plots.flatMap(\.items).map(\.series))
    let missing = facts.points.count - (plots.map(\.items.count).max() ?? 0)
    let note =
      missing > 0 ? " Not shown, for want of figures: \(Text.plural(missing, "variant"))." : ""
    return Markup.element(
      "figure", [:],
      legend(shown, isFirst) + row + Markup.text("figcaption", reading + note))
  }

  /// The series by their marks; the first legend of the page says what they are.
  private func legend(_ shown: Set<Frontier.Point.Series>, _ isFirst: Bool) -> String {
    let entries = Frontier.Point.Series.allCases.filter(shown.contains).map { series in
      let mark = PlotMark(series: series)
      let name = mark.inline(isOnFront: true) + Markup.text("b", series.rawValue)
      return Markup.element(
        "li", [:], isFirst ? name + " " + Markup.text("span", mark.meaning) : name)
    }
    return Markup.element("ul", ["class": "legend"], entries.joined())
  }
}
