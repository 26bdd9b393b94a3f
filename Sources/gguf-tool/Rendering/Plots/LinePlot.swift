// SPDX-License-Identifier: MIT
import Foundation

/// Lines over an axis on which each step doubles, as an SVG picture that needs nothing else.
struct LinePlot {
  /// One line.
  struct Series {
    let name: String
    /// Its points, from left to right.
    let points: [(x: Double, y: Double, title: String)]
  }

  /// A dashed line across.
  struct Level {
    let y: Double
    let label: String
  }

  let name: String
  let x: String
  let y: String
  let series: [Series]
  let levels: [Level]
  /// The label of a place on the axis that doubles.
  let label: (Double) -> String

  private static let width = 1000.0
  private static let height = 560.0
  private static let area = (left: 56.0, right: 856.0, top: 56.0, bottom: 510.0)
  /// Pixels between labels beside the ends of lines.
  private static let labelHeight = 15.0

  /// The picture.
  func svg() -> String {
    let parts = [
      Markup.element("style", [:], Self.style),
      Markup.element(
        "rect",
        [
          "class": "paper", "width": "100%", "height": "100%",
        ]), Self.text(name, "name", 16, 24), grid(), levels.map(draw).joined(separator: "\n"),
      series.indices.map(lines).joined(separator: "\n"), levelNames(), labels(),
    ]
    return Markup.element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-label": name,
        "viewBox": "0 0 \(Markup.pixels(Self.width)) \(Markup.pixels(Self.height))",
      ], "\n" + parts.joined(separator: "\n") + "\n") + "\n"
  }

  // MARK: Scales

  private var scale: PlotScale {
    PlotScale(
      [0] + series.flatMap { $0.points.map(\.y) } + levels.map(\.y), .linear,
      from: Self.area.bottom, to: Self.area.top, spacing: 36)
  }

  private var places: [Double] { Set(series.flatMap { $0.points.map(\.x) }).sorted() }

  private func across(_ value: Double) -> Double {
    let (least, most) = (log2(places.first ?? 1), log2(places.last ?? 2))
    let part = most > least ? (log2(value) - least) / (most - least) : 0.5
    return Self.area.left + part * (Self.area.right - Self.area.left)
  }

  // MARK: Parts

  private func grid() -> String {
    let rows = scale.ticks.filter { $0.position <= Self.area.bottom }.map { tick in
      Self.line("grid", Self.area.left, tick.position, Self.area.right, tick.position)
        + Self.text(tick.label, "tick", Self.area.left - 8, tick.position + 4, anchor: "end")
    }
    var free = -Double.infinity
    let columns = places.map { place in
      let x = across(place)
      let line = Self.line("grid", x, Self.area.top, x, Self.area.bottom)
      guard x >= free else { return line }
      free = x + 44
      return line
        + Self.text(label(place), "tick", x, Self.area.bottom + 18, anchor: "middle")
    }
    let names =
      Self.text(y, "axis-name", 16, Self.area.top - 12)
      + Self.text(x, "axis-name", Self.area.right, Self.height - 10, anchor: "end")
    return (rows + columns + [names]).joined(separator: "\n")
  }

  private func draw(_ level: Level) -> String {
    let y = scale.position(level.y)
    return Self.line("level", Self.area.left, y, Self.area.right, y)
  }

  /// The names of the levels: of the highest above its line, of others below.
  private func levelNames() -> String {
    let highest = levels.map(\.y).max()
    return levels.map { level in
      let y = scale.position(level.y) + (level.y == highest ? -6 : 16)
      return Self.text(level.label, "level-name", Self.area.left + 8, y)
    }.joined(separator: "\n")
  }

  private func lines(_ index: Int) -> String {
    let points = series[index].points.map { (across($0.x), scale.position($0.y), $0.title) }
    let list = points.map { "\(Markup.pixels($0.0)),\(Markup.pixels($0.1))" }
    let style = "c\(index % Self.colours.count)"
    let marks = points.map { x, y, title in
      Markup.element(
        "circle",
        [
          "class": "mark \(style)", "cx": Markup.pixels(x), "cy": Markup.pixels(y), "r": "3.5",
        ], Markup.text("title", title))
    }
    return Markup.element(
      "polyline", ["class": "line \(style)", "points": list.joined(separator: " ")])
      + marks.joined()
  }

  /// The names of the lines beside their ends, from the top, each as high as it can be.
  private func labels() -> String {
    let ends = series.indices.compactMap { index in
      series[index].points.last.map { (index, scale.position($0.y) + 4) }
    }.sorted { $0.1 < $1.1 }
    var free = -Double.infinity
    return ends.map { index, wanted in
      let y = max(wanted, free)
      free = y + Self.labelHeight
      return Self.text(
        series[index].name, "label t\(index % Self.colours.count)", Self.area.right + 12, y)
    }.joined(separator: "\n")
  }

  private static func line(
    _ style: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double
  ) -> String {
    Markup.element(
      "line",
      [
        "class": style, "x1": Markup.pixels(x1), "y1": Markup.pixels(y1), "x2": Markup.pixels(x2),
        "y2": Markup.pixels(y2),
      ])
  }

  private static func text(
    _ content: String, _ style: String, _ x: Double, _ y: Double, anchor: String = "start"
  ) -> String {
    Markup.text(
      "text", content,
      ["class": style, "x": Markup.pixels(x), "y": Markup.pixels(y), "text-anchor": anchor])
  }

  // MARK: Style

  /// Okabe and Ito's colours, darker on white and lighter on black.
  private static let colours: [(light: String, dark: String)] = [
    ("#0072b2", "#56b4e9"), ("#cc4e00", "#ff8548"), ("#00835f", "#2fc297"),
    ("#b5548a", "#e29bc2"), ("#b07800", "#e69f00"), ("#5a646e", "#b5bcc4"),
    ("#7a3db8", "#b48ef0"), ("#8a5a2b", "#cfa57a"), ("#1f7a8c", "#6cc5d6"),
    ("#a61c3c", "#f07a93"),
  ]

  private static var style: String {
    """

    svg { font: 13px system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; \(inks(\.light));
      --paper: #ffffff; --ink: #1b1f24; --dim: #59636e; --grid: #e7ebef; }
    @media (prefers-color-scheme: dark) { svg { \(inks(\.dark));
      --paper: #14171b; --ink: #e6e9ec; --dim: #9aa5b1; --grid: #2a3038; } }
    .paper { fill: var(--paper); }
    .name { fill: var(--ink); font-size: 16px; font-weight: 700; }
    .tick, .axis-name { fill: var(--dim); }
    .grid { stroke: var(--grid); }
    .level { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 7 5; }
    .level-name { fill: var(--ink); font-weight: 700; paint-order: stroke; stroke: var(--paper);
      stroke-width: 4px; }
    .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
    \(colours.indices.map { ".c\($0) { stroke: var(--c\($0)); fill: var(--c\($0)); }" }
      .joined(separator: "\n"))
    .line { fill: none; }
    \(colours.indices.map { ".t\($0) { fill: var(--c\($0)); }" }.joined(separator: "\n"))

    """
  }

  private static func inks(_ ground: KeyPath<(light: String, dark: String), String>) -> String {
    colours.enumerated().map { "--c\($0): \($1[keyPath: ground])" }.joined(separator: "; ")
  }
}
