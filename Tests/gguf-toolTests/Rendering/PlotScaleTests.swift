// SPDX-License-Identifier: MIT
import Testing
import gguf_tool

@Suite("Scale of a plot") struct PlotScaleTests {
  private func labels(_ values: [Double], _ style: PlotScale.Style) -> [String] {
    PlotScale(values, style, from: 0, to: 600, spacing: 60).ticks.map(\.label)
  }

  @Test func `a linear axis has even round steps`() {
    #expect(labels([3.6, 26.2], .linear) == ["5", "10", "15", "20", "25"])
    #expect(
      labels([0.31, 0.62], .linear) == ["0.30", "0.35", "0.40", "0.45", "0.50", "0.55", "0.60"])
  }

  @Test func `a logarithmic axis has decades, and zero apart`() {
    #expect(labels([0, 0.0012, 0.7], .logarithmic) == ["0", "0.001", "0.01", "0.1", "1"])
    #expect(labels([0.02, 1], .logarithmic) == ["0.02", "0.05", "0.1", "0.2", "0.5", "1"])
  }

  @Test func `an axis widened around a level shows small rises`() {
    let scale = PlotScale([1, 1.01, 2], .widened(around: 1), from: 400, to: 0, spacing: 30)
    #expect(scale.position(1) - scale.position(1.01) > 60)
    #expect(scale.ticks.map(\.label).contains("1.01"))
    #expect(scale.ticks.map(\.label).contains("1.5"))
  }

  @Test func `ticks never crowd`() {
    for style in [PlotScale.Style.linear, .logarithmic, .fitting, .widened(around: 38.1)] {
      for values in [[38.1, 38.2], [1, 1e9], [38, 120], [0.5, 0.5]] {
        let ticks = PlotScale(values, style, from: 0, to: 600, spacing: 60).ticks
        let gaps = zip(ticks, ticks.dropFirst()).map { $1.position - $0.position }
        #expect(gaps.allSatisfy { $0 >= 59.9 }, "\(style) \(values): \(ticks)")
        #expect(!ticks.isEmpty, "\(style) \(values)")
      }
    }
  }
}
