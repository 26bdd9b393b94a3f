// SPDX-License-Identifier: MIT

/// Heat maps one below the other, as a picture.
package enum HeatMapSVG {
  private static let cell = 12
  private static let top = 44
  private static let gap = 34
  /// Pixels of a character in labels, at most.
  private static let character = 6
  /// Likewise, in titles.
  private static let titleCharacter = 8

  /// The picture as SVG text, which any browser shows. Pointing at a cell tells its figures.
  package static func text(of maps: [HeatMap]) -> String {
    let longest = maps.flatMap { $0.rows.map { Text.width($0.label) } }.max() ?? 0
    let left = max(56, longest * character + 16)
    let columns = maps.map(\.columns).max() ?? 0
    var parts = [Markup.element("rect", ["width": "100%", "height": "100%", "fill": "#ffffff"])]
    var height = 0
    for map in maps {
      let lines = panel(map, left).joined(separator: "\n")
      parts.append(
        Markup.element("g", ["transform": "translate(0 \(height))"], "\n\(lines)\n"))
      height += top + map.rows.count * cell + gap
    }
    return picture(titles: maps.map(title), left, columns: columns, height: height, parts)
  }

  /// Parts as a picture that is wide enough for its titles and shrinks to where it is shown.
  static func picture(
    titles: [String], _ left: Int, columns: Int, height: Int, _ parts: [String]
  ) -> String {
    let longest = titles.map { Text.width($0) }.max() ?? 0
    let width = left + max(longest * titleCharacter, columns * cell) + 16
    return Markup.element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": "\(width)", "height": "\(height)",
        "viewBox": "0 0 \(width) \(height)", "style": "max-width:100%;height:auto",
        "font-family": "sans-serif", "font-size": "10",
      ], "\n" + parts.joined(separator: "\n") + "\n") + "\n"
  }

  private static func title(_ map: HeatMap) -> String { "\(map.title), \(map.unit) = 1" }

  private static func panel(_ map: HeatMap, _ left: Int) -> [String] {
    var lines = [
      Markup.text("text", title(map), ["x": "\(left)", "y": "18", "font-size": "13"])
    ]
    for column in stride(from: 0, to: map.columns, by: map.columns > 16 ? 8 : 1) {
      let x = left + column * cell + cell / 2
      lines.append(
        Markup.text(
          "text", "\(column)", ["x": "\(x)", "y": "\(top - 6)", "text-anchor": "middle"]))
    }
    for (index, row) in map.rows.enumerated() {
      let y = top + index * cell
      lines.append(
        Markup.text(
          "text", row.label, ["x": "\(left - 6)", "y": "\(y + cell - 3)", "text-anchor": "end"]))
      lines += cells(row, left, y)
    }
    return lines
  }

  private static func cells(_ row: HeatMap.Row, _ left: Int, _ y: Int) -> [String] {
    row.values.indices.compactMap { column in
      guard let value = row.values[column] else { return nil }
      return Markup.element(
        "rect",
        [
          "x": "\(left + column * cell)", "y": "\(y)", "width": "\(cell - 1)",
          "height": "\(cell - 1)", "fill": RouterHeatMapSVG.color(value),
        ], Markup.text("title", row.texts[column]))
    }
  }
}
