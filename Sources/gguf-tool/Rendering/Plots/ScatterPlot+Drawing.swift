// SPDX-License-Identifier: MIT
import Quant

extension ScatterPlot.Frame {
  private var right: Double { area.x + area.width }
  private var bottom: Double { area.y + area.height }

  /// The axes' lines, numbers and names.
  func grid() -> String {
    let across = yScale.ticks.map { tick in
      line("grid", area.x, tick.position, right, tick.position)
        + text(tick.label, "tick", x: area.x - 7, y: tick.position + 4, anchor: "end")
    }
    let up = xScale.ticks.map { tick in
      line("grid", tick.position, area.y, tick.position, bottom)
        + text(tick.label, "tick", x: tick.position, y: bottom + 17, anchor: "middle")
    }
    let axes = line("axis", area.x, bottom, right, bottom)
    return (across + up + [axes, names()]).joined(separator: "\n")
  }

  private func names() -> String {
    let names = [plot.y.title + yScale.style.note, plot.x.title + xScale.style.note]
    return text(names[0], "axis-name", x: 4, y: 16, anchor: "start")
      + text(names[1], "axis-name", x: right, y: plot.height - 8, anchor: "end")
  }

  /// The dashed line of the model itself.
  func levelLine() -> String {
    guard let level = plot.level else { return "" }
    let y = yScale.position(level)
    return line("level", area.x, y, right, y)
  }

  /// Thin lines along the series whose points follow from each other.
  func seriesLines() -> String {
    Frontier.Point.Series.allCases.filter { PlotMark(series: $0).isJoined }.map { series in
      let points = plot.items.filter { $0.series == series }.map(place)
      return polyline(points, "series \(PlotMark(series: series).styleClass)")
    }.joined()
  }

  /// The line through the points that no other beats.
  func frontLine() -> String { polyline(front, "front") }

  private var front: [(x: Double, y: Double)] {
    plot.items.filter(\.isOnFront).sorted { $0.x < $1.x }.map(place)
  }

  private func polyline(_ points: [(x: Double, y: Double)], _ style: String) -> String {
    guard points.count > 1 else { return "" }
    let list = points.map { "\(Markup.pixels($0.x)),\(Markup.pixels($0.y))" }
    return Markup.element("polyline", ["class": style, "points": list.joined(separator: " ")])
  }

  /// The marks: those on the front above the others, the picked one in a ring.
  func marks() -> String {
    let order = plot.items.filter { !$0.isOnFront } + plot.items.filter(\.isOnFront)
    let rings = plot.items.filter(\.isPicked).map { item in
      let (x, y) = place(item)
      return Markup.element(
        "circle",
        ["class": "picked", "cx": Markup.pixels(x), "cy": Markup.pixels(y), "r": "10"])
    }
    let marks = order.map { item in
      let (x, y) = place(item)
      return PlotMark(series: item.series).drawn(
        x: x, y: y, isOnFront: item.isOnFront, title: item.title)
    }
    return (rings + marks).joined(separator: "\n")
  }

  /// The names of the points on the front, as far as there is room; the picked one's first.
  func labels() -> String {
    var room = takenRoom()
    let named = plot.items.filter(\.isPicked) + plot.items.filter { $0.isOnFront && !$0.isPicked }
    return named.map { item in
      let label = Text.shortened(item.label, to: 24)
      let (x, y) = place(item)
      let gap = item.isPicked ? PlotMark.radius + 8 : PlotMark.radius + 4
      guard let free = room.place(label, besideX: x, y: y, gap: gap) else { return "" }
      let style = item.isPicked ? "label strong" : "label"
      return text(label, style, x: free.x, y: free.y, anchor: "start")
    }.joined(separator: "\n")
  }

  /// What labels must not cover.
  private func takenRoom() -> LabelPlacement {
    var room = LabelPlacement(area: area)
    for item in plot.items {
      let (x, y) = place(item)
      room.avoid(x: x, y: y, radius: item.isPicked ? 10 : PlotMark.radius + 1)
    }
    for bar in bars() { room.avoidLine([bar.start, bar.end]) }
    room.avoidLine(front)
    if let level = plot.level.map(yScale.position) {
      room.avoidLine([(area.x, level), (right, level)])
    }
    return room
  }

  func line(
    _ style: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double
  ) -> String {
    Markup.element(
      "line",
      [
        "class": style, "x1": Markup.pixels(x1), "y1": Markup.pixels(y1), "x2": Markup.pixels(x2),
        "y2": Markup.pixels(y2),
      ])
  }

  private func text(
    _ content: String, _ style: String, x: Double, y: Double, anchor: String
  ) -> String {
    Markup.text(
      "text", content,
      ["class": style, "x": Markup.pixels(x), "y": Markup.pixels(y), "text-anchor": anchor])
  }
}
