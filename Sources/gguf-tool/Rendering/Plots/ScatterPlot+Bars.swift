// SPDX-License-Identifier: MIT
import Quant

extension ScatterPlot.Frame {
  /// The bar of an error or a range, in pixels.
  struct Bar {
    let series: Frontier.Point.Series
    let isUpright: Bool
    /// Where it lies across its direction.
    let place: Double
    /// From where to where it reaches.
    let reach: ClosedRange<Double>

    var start: (x: Double, y: Double) { point(reach.lowerBound) }
    var end: (x: Double, y: Double) { point(reach.upperBound) }

    private func point(_ along: Double) -> (x: Double, y: Double) {
      isUpright ? (place, along) : (along, place)
    }

    var length: Double { reach.upperBound - reach.lowerBound }

    /// Whether it is seen behind the mark in its middle.
    func isLonger(thanMarkAt middle: Double) -> Bool {
      max(reach.upperBound - middle, middle - reach.lowerBound) > PlotMark.radius + 1
    }

    /// Whether the two can hardly be told apart.
    func overlaps(_ other: Bar) -> Bool {
      isUpright == other.isUpright && (place - other.place).magnitude < 3
        && reach.overlaps(other.reach)
    }
  }

  /// Lines for errors and ranges, behind all marks.
  func barLines() -> String {
    bars().map { bar in
      line(
        "bar \(PlotMark(series: bar.series).styleClass)", bar.start.x, bar.start.y, bar.end.x,
        bar.end.y)
    }.joined(separator: "\n")
  }

  /// The bars that are drawn: those that are seen behind their marks and do not cross half of the plot, and
  /// of several in one place the first. The picked point's come before all others, then the front's.
  func bars() -> [Bar] {
    let others = plot.items.filter { !$0.isPicked }
    let order =
      plot.items.filter(\.isPicked) + others.filter(\.isOnFront) + others.filter { !$0.isOnFront }
    var shown: [Bar] = []
    for bar in order.flatMap(bars(of:)) where !shown.contains(where: bar.overlaps) {
      shown.append(bar)
    }
    return shown
  }

  private func bars(of item: ScatterPlot.Item) -> [Bar] {
    let (x, y) = place(item)
    let upright = item.yRange.map { range in
      Bar(series: item.series, isUpright: true, place: x, reach: reach(range, on: yScale))
    }
    let level = item.xRange.map { range in
      Bar(series: item.series, isUpright: false, place: y, reach: reach(range, on: xScale))
    }
    return [(upright, y, area.height), (level, x, area.width)].compactMap { bar, middle, room in
      guard let bar, bar.isLonger(thanMarkAt: middle), bar.length < room / 2 else { return nil }
      return bar
    }
  }

  /// Pixels of a range; what lies beyond the axis ends with it.
  private func reach(_ range: ClosedRange<Double>, on scale: PlotScale) -> ClosedRange<Double> {
    let ends = [scale.position(range.lowerBound), scale.position(range.upperBound)]
    return min(ends[0], ends[1])...max(ends[0], ends[1])
  }
}
