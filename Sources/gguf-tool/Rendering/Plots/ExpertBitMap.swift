// SPDX-License-Identifier: MIT

/// A heat map of layers by experts, as SVG.
struct ExpertBitMap {
  /// Up to this many experts, cells are wide enough for a number.
  private static let numberedExperts = 16
  private static let left = 44.0
  private static let top = 34.0

  /// For each layer the bits for each weight of its experts.
  let rows: [[Double]]
  /// The numbers of the layers; where they are too few, a layer has the number of its row.
  let layers: [Int]

  private var columns: Int { rows.map(\.count).max() ?? 0 }
  private var isNumbered: Bool { columns <= Self.numberedExperts }
  /// Cells with room for a number, or as large as lets a map fit beside another.
  private var cellWidth: Double {
    isNumbered ? 36 : max(3, min(14, (720 / Double(columns)).rounded(.down)))
  }
  private var cellHeight: Double { isNumbered ? 20 : rows.count > 24 ? 8 : 14 }

  /// The picture's width, in pixels.
  var width: Double { Self.left + Double(columns) * cellWidth + 14 }

  /// The picture.
  func svg(_ colours: BitColours) -> String {
    let height = Self.top + Double(rows.count) * cellHeight + 6
    let cells = isNumbered ? numbered(colours) : merged(colours)
    return Markup.element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "class": "map", "role": "img",
        "width": Markup.pixels(width),
        "viewBox": "0 0 \(Markup.pixels(width)) \(Markup.pixels(height))",
        "aria-label": "Bits for each weight, layers by experts",
      ], (names() + cells).joined(separator: "\n"))
  }

  private func names() -> [String] {
    let corner = text("expert", "axis-name", Self.left, 12, "start")
    let side = text("layer", "axis-name", Self.left - 12, Self.top - 8, "end")
    let step = isNumbered ? 1 : columns > 64 ? 32 : 8
    let experts = stride(from: 0, to: columns, by: step).map { expert in
      text("\(expert)", "tick", x(expert) + cellWidth / 2, Self.top - 8, "middle")
    }
    let rowStep = cellHeight < 12 ? 4 : 1
    let numbers = stride(from: 0, to: rows.count, by: rowStep).map { row in
      text("\(layer(row))", "tick", Self.left - 6, y(row) + cellHeight / 2 + 4, "end")
    }
    return [corner, side] + experts + numbers
  }

  /// A cell for each expert, with its number and what pointing at it tells.
  private func numbered(_ colours: BitColours) -> [String] {
    rows.indices.flatMap { row in
      rows[row].enumerated().map { expert, bits in
        let number = BitColours.canShow(bits) ? Units.bitsPerWeight(bits) : "–"
        let title = "layer \(layer(row)), expert \(expert): \(number) bits a weight"
        let cell = Markup.element(
          "rect",
          [
            "x": Markup.pixels(x(expert)), "y": Markup.pixels(y(row)),
            "width": Markup.pixels(cellWidth - 1), "height": Markup.pixels(cellHeight - 1),
            "fill": colours.colour(bits),
          ])
        let label = Markup.text(
          "text", number,
          [
            "class": "cell", "x": Markup.pixels(x(expert) + (cellWidth - 1) / 2),
            "y": Markup.pixels(y(row) + 14), "text-anchor": "middle", "fill": colours.ink(bits),
          ])
        return Markup.element("g", [:], Markup.text("title", title) + cell + label)
      }
    }
  }

  /// One outline for all cells of a colour: tens of thousands of cells would make a heavy page.
  private func merged(_ colours: BitColours) -> [String] {
    var outlines: [String: (bits: Double, path: String)] = [:]
    for row in rows.indices {
      for (experts, bits) in runs(of: rows[row]) {
        let width = Markup.pixels(Double(experts.count) * cellWidth)
        let start = "M\(Markup.pixels(x(experts.lowerBound))) \(Markup.pixels(y(row)))"
        outlines[colours.colour(bits), default: (bits, "")].path +=
          "\(start)h\(width)v\(Markup.pixels(cellHeight - 1))h-\(width)z"
      }
    }
    return outlines.sorted { $0.key < $1.key }.map { colour, outline in
      let bits = BitColours.canShow(outline.bits) ? Units.bitsPerWeight(outline.bits) : "–"
      return Markup.element(
        "path", ["fill": colour, "d": outline.path], Markup.text("title", "\(bits) bits a weight"))
    }
  }

  /// Neighbours of equal bits.
  private func runs(of row: [Double]) -> [(experts: Range<Int>, bits: Double)] {
    var runs: [(experts: Range<Int>, bits: Double)] = []
    for (expert, bits) in row.enumerated() {
      if let last = runs.last, last.bits == bits {
        runs[runs.count - 1].experts = last.experts.lowerBound..<expert + 1
      } else {
        runs.append((expert..<expert + 1, bits))
      }
    }
    return runs
  }

  private func layer(_ row: Int) -> Int { layers.indices.contains(row) ? layers[row] : row }
  private func x(_ expert: Int) -> Double { Self.left + Double(expert) * cellWidth }
  private func y(_ row: Int) -> Double { Self.top + Double(row) * cellHeight }

  private func text(
    _ content: String, _ style: String, _ x: Double, _ y: Double, _ anchor: String
  ) -> String {
    Markup.text(
      "text", content,
      ["class": style, "x": Markup.pixels(x), "y": Markup.pixels(y), "text-anchor": anchor])
  }
}
