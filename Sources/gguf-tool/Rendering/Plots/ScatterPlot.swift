// SPDX-License-Identifier: MIT
import Quant

/// Points of several series over two axes, as SVG.
struct ScatterPlot {
  /// A point and what is told of it.
  struct Item {
    let x: Double
    let y: Double
    /// The ends of the bar through it, if it has one.
    var xRange: ClosedRange<Double>?
    /// Likewise, upwards.
    var yRange: ClosedRange<Double>?
    let series: Frontier.Point.Series
    let label: String
    /// What pointing at it tells.
    let title: String
    var isOnFront = false
    var isPicked = false
  }

  /// What an axis shows, and how.
  struct Axis {
    let title: String
    let style: PlotScale.Style
  }

  let name: String
  let width: Double
  let height: Double
  let x: Axis
  let y: Axis
  /// A dashed line across: what the model itself has.
  let level: Double?
  let items: [Item]

  private static let top = 30.0
  private static let bottom = 46.0
  private static let right = 22.0
  private static let digitWidth = 7.0

  /// Makes a plot; points without a place on the axes are left out.
  init(
    _ name: String, width: Double, height: Double, x: Axis, y: Axis,
    level: Double? = nil, items: [Item]
  ) {
    (self.name, self.width, self.height) = (name, width, height)
    (self.x, self.y) = (x, y)
    self.level = level.flatMap { PlotScale.canShow($0) ? $0 : nil }
    self.items = items.filter { PlotScale.canShow($0.x) && PlotScale.canShow($0.y) }
  }

  /// The picture; empty without points.
  func svg() -> String {
    guard !items.isEmpty else { return "" }
    let frame = Frame(self)
    let parts = [
      frame.grid(), frame.levelLine(), frame.barLines(), frame.seriesLines(), frame.frontLine(),
      frame.marks(), frame.labels(),
    ]
    return Markup.element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "class": "plot", "role": "img",
        "viewBox": "0 0 \(Markup.pixels(width)) \(Markup.pixels(height))", "aria-label": name,
        "style": "max-width:\(Markup.pixels(width * 1.35))px",
      ], parts.joined(separator: "\n"))
  }

  /// The scales of a plot and what is drawn by them.
  struct Frame {
    let plot: ScatterPlot
    let xScale: PlotScale
    let yScale: PlotScale
    let area: LabelPlacement.Box

    init(_ plot: ScatterPlot) {
      self.plot = plot
      let heights = plot.items.map(\.y) + [plot.level].compactMap(\.self)
      let widths = plot.items.map(\.x)
      let bottom = plot.height - ScatterPlot.bottom
      yScale = PlotScale(
        heights + Self.ends(plot.items.map { ($0.y, $0.yRange) }, beside: heights), plot.y.style,
        from: bottom, to: ScatterPlot.top, spacing: 30)
      let longest = yScale.ticks.map(\.label.count).max() ?? 1
      let left = 16 + Double(longest) * ScatterPlot.digitWidth
      let right = plot.width - ScatterPlot.right
      xScale = PlotScale(
        widths + Self.ends(plot.items.map { ($0.x, $0.xRange) }, beside: widths), plot.x.style,
        from: left, to: right, spacing: 60)
      area = LabelPlacement.Box(
        x: left, y: ScatterPlot.top, width: right - left, height: bottom - ScatterPlot.top)
    }

    /// How far a bar may stretch its axis, as a part of what the points span.
    private static let longestPart = 0.25

    /// The ends of bars count only where they leave the axis its form: an error larger than its value
    /// would stretch it to zero, and one larger than what points differ by would push them together.
    private static func ends(
      _ bars: [(value: Double, range: ClosedRange<Double>?)], beside values: [Double]
    ) -> [Double] {
      let span = (values.max() ?? 0) - (values.min() ?? 0)
      let longest = span > 0 ? longestPart * span : .infinity
      return bars.flatMap { value, range in
        [range?.lowerBound, range?.upperBound].compactMap(\.self).filter { end in
          end > 0 && end > 0.3 * value && (end - value).magnitude <= longest
        }
      }
    }

    /// The pixel of a point.
    func place(_ item: Item) -> (x: Double, y: Double) {
      (xScale.position(item.x), yScale.position(item.y))
    }
  }
}
