// SPDX-License-Identifier: MIT
import BlockKernels
import Testing

/// How near the ladders come to the best that a format has.
@Suite("Searches against exhaustive ones")
struct SearchQualityTests {
  /// Errors summed over many blocks: found, and the least that any scale of a fine grid gives.
  private struct Totals {
    var found = 0.0
    var least = 0.0
  }

  @Test(arguments: Shapes.symmetric.indices.dropLast(), [false, true])
  func `the symmetric search comes within 2 % of the best scale`(index: Int, weighted: Bool) {
    let shape = Shapes.symmetric[index]
    let totals = totals(shape, affine: false, weighted) { block, errorWeights in
      let peak = block.reduce(0) { max($0, $1.magnitude) }
      return (1...600).flatMap { [Float($0), -Float($0)] }.map { step in
        let scale = peak / shape.levels * step / 300
        return error(block, errorWeights, scale, 0, -shape.levels...shape.levels - 1)
      }.min() ?? 0
    }
    #expect(totals.found <= totals.least * 1.02)
  }

  @Test(arguments: Shapes.affine.indices.dropLast(), [false, true])
  func `the affine search comes within 5 % of the best pair`(index: Int, weighted: Bool) {
    let shape = Shapes.affine[index]
    let totals = totals(shape, affine: true, weighted) { block, errorWeights in
      let least = block.reduce(.infinity) { min($0, $1) }
      let range = block.reduce(-.infinity) { max($0, $1) } - least
      var best = Double.infinity
      for step in 60...130 {
        for shift in -30...30 {
          let scale = range / shape.levels * Float(step) / 100
          let min = least + range / shape.levels * Float(shift) / 10
          best = Swift.min(best, error(block, errorWeights, scale, min, 0...shape.levels))
        }
      }
      return best
    }
    #expect(totals.found <= totals.least * 1.05)
  }

  /// Sums over 64 blocks, each weighed by its own size so that all count alike.
  private func totals(
    _ shape: SearchShape, affine: Bool, _ weighted: Bool, least: ([Float], [Float]) -> Double
  ) -> Totals {
    var totals = Totals()
    for seed in 1...4 as ClosedRange<UInt64> {
      let weights = KernelTesting.subBlocks(16, of: shape.weights, seed: seed)
      let importance = weighted ? KernelTesting.importance(weights.count, seed: seed &+ 9) : nil
      let found = KernelTesting.run(shape, affine: affine, weights, importance: importance)
      for lane in 0..<16 {
        let range = lane * shape.weights..<(lane + 1) * shape.weights
        let block = Array(weights[range])
        let search = ScalarSearch(block, importance: importance.map { Array($0[range]) }, shape)
        let low = affine ? 0 : -shape.levels
        let high = affine ? shape.levels : shape.levels - 1
        let size = Double(search.peak) * Double(search.peak)
        totals.found +=
          error(block, search.errorWeights, found.scales[lane], found.mins[lane], low...high) / size
        totals.least += least(block, search.errorWeights) / size
      }
    }
    return totals
  }
}

/// The error of a block, each weight rounded to the nearest level.
private func error(
  _ block: [Float], _ errorWeights: [Float], _ scale: Float, _ offset: Float,
  _ levels: ClosedRange<Float>
) -> Double {
  guard scale != 0 else {
    return zip(block, errorWeights).reduce(0) { sum, pair in
      sum + Double(pair.1) * Double((pair.0 - offset) * (pair.0 - offset))
    }
  }
  return zip(block, errorWeights).reduce(0) { sum, pair in
    let quant = ((pair.0 - offset) / scale).rounded(.toNearestOrEven)
    let rest = pair.0 - offset - scale * min(max(quant, levels.lowerBound), levels.upperBound)
    return sum + Double(pair.1) * Double(rest) * Double(rest)
  }
}
