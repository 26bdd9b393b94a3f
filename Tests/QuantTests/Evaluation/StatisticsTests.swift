// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

@Suite("Perplexity and divergence statistics") struct StatisticsTests {
  private func tokens(_ count: Int, seed: UInt64) -> [TokenDivergence] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      let loss = Double.random(in: 0.1...9, using: &random)
      return TokenDivergence(
        divergence: Double.random(in: 0...0.2, using: &random), baseLoss: loss,
        variantLoss: loss + Double.random(in: -0.3...0.5, using: &random),
        isSameTop: Int.random(in: 0..<10, using: &random) > 0)
    }
  }

  @Test func `perplexity and its error follow from the losses`() {
    let losses = tokens(1000, seed: 1).map(\.baseLoss)
    var statistics = PerplexityStatistics()
    for loss in losses { statistics.add(loss: loss) }
    let mean = losses.reduce(0, +) / 1000
    let variance = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1000
    let error = (variance / 999).squareRoot()
    #expect(statistics.tokenCount == 1000)
    #expect(abs(statistics.meanLoss.value - mean) < 1e-12)
    #expect(abs(statistics.perplexity.value / exp(mean) - 1) < 1e-12)
    #expect(abs(statistics.perplexity.error / (error * exp(mean)) - 1) < 1e-9)
  }

  @Test func `a model that knows nothing has the vocabulary's size as perplexity`() {
    let logits = [Float](repeating: 0.5, count: 1000)
    var statistics = PerplexityStatistics()
    for target in 0..<10 { statistics.add(logits: logits.span, target: target) }
    #expect(abs(statistics.perplexity.value - 1000) < 1e-3 && statistics.perplexity.error < 1e-3)
  }

  @Test func `parts in order give the same bits as always`() {
    let tokens = tokens(300, seed: 2)
    func parts() -> [PerplexityStatistics] {
      stride(from: 0, to: 300, by: 30).map { start in
        var part = PerplexityStatistics()
        for token in tokens[start..<start + 30] { part.add(loss: token.baseLoss) }
        return part
      }
    }
    #expect(PerplexityStatistics(parts()) == PerplexityStatistics(parts()))
    #expect(PerplexityStatistics(parts()).tokenCount == 300)
    #expect(PerplexityStatistics().perplexity.value.isNaN)
  }

  @Test func `NaN is not hidden`() {
    var statistics = PerplexityStatistics()
    for loss in [1, .nan, 2] { statistics.add(loss: loss) }
    #expect(statistics.perplexity.value.isNaN && statistics.perplexity.error.isNaN)
  }

  @Test func `a summary of pairs`() {
    let tokens = tokens(2000, seed: 3)
    var halves = [DivergenceStatistics(), DivergenceStatistics()]
    for (index, token) in tokens.enumerated() { halves[index / 1000].add(token) }
    let summary = DivergenceStatistics(halves).summary
    let ratios = tokens.map { $0.variantLoss - $0.baseLoss }
    let mean = ratios.reduce(0, +) / 2000
    let variance = ratios.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2000
    // The error of a difference of two correlated means is that of the mean of differences.
    #expect(abs(summary.logRatio.value - mean) < 1e-12)
    #expect(abs(summary.logRatio.error / (variance / 1999).squareRoot() - 1) < 1e-6)
    #expect(abs(summary.ratio.value - exp(mean)) < 1e-12)
    #expect(
      abs(summary.difference.value - summary.variantPerplexity.value + summary.basePerplexity.value)
        < 1e-9)
    #expect(summary.correlation > 0.99 && summary.correlation < 1)
    let same = Double(tokens.count { $0.isSameTop }) / 2000
    #expect(summary.sameTop.value == same)
    #expect(abs(summary.sameTop.error - (same * (1 - same) / 1999).squareRoot()) < 1e-12)
    let squares = tokens.reduce(0) { $0 + $1.probabilityDifference * $1.probabilityDifference }
    #expect(abs(summary.rootMeanSquareDifference.value - (squares / 2000).squareRoot()) < 1e-12)
    #expect(summary.tokenCount == 2000)
  }

  @Test func `quantiles lie between their neighbours`() {
    let numbers = (0...1000).map { Float($0) }.shuffled()
    let distribution = Distribution(numbers)
    #expect(distribution.minimum == 0 && distribution.maximum == 1000)
    #expect(distribution.median == 500 && abs(distribution[percent: 99.9] - 999) < 1e-9)
    #expect(Distribution([1, 2]).median == 1.5 && Distribution([7]).median == 7)
    #expect(Distribution([]).median.isNaN && distribution[percent: 33].isNaN)
  }

  @Test func `a model is its own equal`() {
    var random = SeededGenerator(seed: 8)
    var statistics = DivergenceStatistics()
    for target in 0..<50 {
      let row = (0..<999).map { _ in Float.random(in: -20...20, using: &random) }
      statistics.add(base: row.span, variant: row.span, target: target)
    }
    let summary = statistics.summary
    #expect(summary.meanDivergence == MeasuredValue(0, error: 0) && summary.sameTop.value == 1)
    #expect(summary.ratio == MeasuredValue(1, error: 0))
    #expect(summary.divergence.maximum == 0 && summary.rootMeanSquareDifference.value == 0)
  }

  @Test func `routers are counted by layer and expert`() throws {
    var layer = RouterStatistics.Layer(layer: 3, expertCount: 4)
    layer.add(experts: ([0, 2] as [Int32]).span, weights: ([0.75, 0.25] as [Float]).span)
    layer.add(experts: ([2, 3] as [Int32]).span, weights: ([0.5, 0.5] as [Float]).span)
    var statistics = RouterStatistics()
    statistics.add(layer)
    statistics.add(RouterStatistics.Layer(layer: 1, expertCount: 4))
    var twice = statistics
    twice.add(statistics)
    #expect(twice.layers.map(\.layer) == [1, 3] && twice.layers[1].tokenCount == 4)
    let found = twice.layers[1]
    #expect(found.counts == [2, 0, 4, 2] && found.expertsPerToken == 2)
    #expect(found.share(of: 2) == 1 && found.meanWeight(of: 2) == 0.375)
    #expect(found.share(of: 1) == 0 && found.meanWeight(of: 1) == 0)
    let json = String(decoding: try JSONEncoder().encode(twice), as: UTF8.self)
    #expect(json.contains("\"shares\":[0.5,0,1,0.5]") && json.contains("\"tokenCount\":4"))
  }
}
