// SPDX-License-Identifier: MIT
package import Quant

/// The routers' statistics as a picture: one map for the share of tokens, one for the mean weight.
package enum RouterHeatMapSVG {
  private static let cell = 12
  private static let left = 56
  private static let top = 44
  private static let gap = 34

  /// The picture as SVG text, which any browser shows. Pointing at a cell tells its figures.
  package static func text(of statistics: RouterStatistics) -> String {
    let columns = statistics.layers.map(\.expertCount).max() ?? 0
    let height = top + statistics.layers.count * cell
    let panels: [(RouterHeatMap.Quantity, String)] = [
      (.share, "Share of tokens, even use = 1"),
      (.meanWeight, "Mean routing weight where chosen, the layer's mean = 1"),
    ]
    var parts = [
      Markup.element("rect", ["width": "100%", "height": "100%", "fill": "#ffffff"])
    ]
    for (index, (quantity, title)) in panels.enumerated() {
      let lines = panel(statistics, RouterHeatMap(statistics, quantity), title)
      parts.append(
        Markup.element(
          "g", ["transform": "translate(0 \(index * (height + gap)))"], block(lines)))
    }
    return HeatMapSVG.picture(
      titles: panels.map(\.1), left, columns: columns, height: panels.count * (height + gap), parts)
  }

  /// Content on lines of its own.
  private static func block(_ lines: [String]) -> String {
    "\n" + lines.joined(separator: "\n") + "\n"
  }

  private static func panel(
    _ statistics: RouterStatistics, _ map: RouterHeatMap, _ title: String
  ) -> [String] {
    var lines = [Markup.element("text", ["x": "\(left)", "y": "18", "font-size": "13"], title)]
    for expert in stride(from: 0, to: map.columns, by: max(1, map.columns > 16 ? 8 : 1)) {
      let x = left + expert * cell + cell / 2
      lines.append(
        Markup.text(
          "text", "\(expert)", ["x": "\(x)", "y": "\(top - 6)", "text-anchor": "middle"]))
    }
    for (row, layer) in statistics.layers.enumerated() {
      let y = top + row * cell
      lines.append(
        Markup.text(
          "text", "\(layer.layer)",
          ["x": "\(left - 6)", "y": "\(y + cell - 3)", "text-anchor": "end"]))
      for (expert, value) in map.rows[row].values.enumerated() {
        lines.append(rectangle(layer, expert, value, y))
      }
    }
    return lines
  }

  private static func rectangle(
    _ layer: RouterStatistics.Layer, _ expert: Int, _ value: Double, _ y: Int
  ) -> String {
    let share = Units.fixed(layer.share(of: expert) * 100, 2)
    let weight = Units.fixed(layer.meanWeight(of: expert), 4)
    let label =
      "layer \(layer.layer), expert \(expert): \(share) % of tokens, mean weight \(weight)"
    return Markup.element(
      "rect",
      [
        "x": "\(left + expert * cell)", "y": "\(y)", "width": "\(cell - 1)",
        "height": "\(cell - 1)", "fill": color(value),
      ], Markup.text("title", label))
  }

  /// From light grey (never) over blue (even use) to dark red (four times that, and more).
  static func color(_ value: Double) -> String {
    let stops: [(at: Double, red: Double, green: Double, blue: Double)] = [
      (0, 238, 238, 238), (1, 92, 142, 204), (2, 84, 39, 143), (4, 165, 15, 21),
    ]
    guard let upper = stops.firstIndex(where: { $0.at > value }), upper > 0 else {
      return value > 0 ? "#a50f15" : "#eeeeee"
    }
    let (a, b) = (stops[upper - 1], stops[upper])
    let part = (value - a.at) / (b.at - a.at)
    let mix = { (x: Double, y: Double) in hex(Int((x + (y - x) * part).rounded())) }
    return "#" + mix(a.red, b.red) + mix(a.green, b.green) + mix(a.blue, b.blue)
  }

  private static func hex(_ value: Int) -> String {
    let digits = String(value, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }
}
