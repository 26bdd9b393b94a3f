// SPDX-License-Identifier: MIT

/// Finds the best scale for blocks whose quants are a few small integers.
///
/// For weights x of importance w and quants q, the error Σ w (x - d q)² is least at d = A / B, with
/// A = Σ w x q and B = Σ w q², and is then Σ w x² - A² / B. As 1/d grows from zero, the quants leave
/// zero one step at a time, each at a known point: d = |x| / (k - ½). Going through these points in
/// order meets every assignment that rounding to nearest can give, so the greatest A² / B among them
/// is the optimum.
struct LevelSearch {
  /// A scale, and by how much it lowers the error below that of all zeros.
  struct Result {
    var scale: Float = 0
    var gain: Double = 0
  }

  /// One quant going from k - 1 to k (in magnitude): what it adds to A and B.
  private struct Step {
    let a: Double
    let b: Double
  }

  // Kept between blocks, so that their memory is asked for once.
  private var steps: [Step] = []
  private var order = RadixOrder()

  /// Searches one block.
  ///
  /// - Parameters:
  ///   - weights: The weights; finite.
  ///   - importance: How much an error at each matters; all the same if `nil` or nowhere positive.
  ///   - levels: The quants that the format has; they include zero.
  /// - Returns: The best positive scale; zero for a block of zeros.
  /// - Complexity: O(*n*) in weights.
  mutating func best(
    _ weights: Span<Float>, _ importance: Span<Float>?, levels: ClosedRange<Int>
  ) -> Result {
    collectSteps(weights, importance, levels)
    if order.count == 0, importance != nil { collectSteps(weights, nil, levels) }
    order.sort()
    var a = 0.0, b = 0.0
    var bestA = 0.0, bestB = 1.0
    for position in 0..<order.count {
      let step = steps[order[position]]
      a += step.a
      b += step.b
      // a² / b > bestA² / bestB, without dividing.
      if a * a * bestB > bestA * bestA * b { (bestA, bestB) = (a, b) }
    }
    return Result(scale: Float(bestA / bestB), gain: bestA * bestA / bestB)
  }

  private mutating func collectSteps(
    _ weights: Span<Float>, _ importance: Span<Float>?, _ levels: ClosedRange<Int>
  ) {
    let limit = weights.count * max(levels.upperBound, -levels.lowerBound)
    order.removeAll(roomFor: limit)
    if steps.count < limit { steps = [Step](repeating: Step(a: 0, b: 0), count: limit) }
    for index in weights.indices {
      let magnitude = weights[index].magnitude
      let importance = Double(importance?[index] ?? 1)
      guard magnitude > 0, importance > 0 else { continue }
      let last = weights[index] > 0 ? levels.upperBound : -levels.lowerBound
      let a = importance * Double(magnitude)
      for k in 0..<last {
        steps[order.count] = Step(a: a, b: importance * Double(2 * k + 1))
        // |x| / (k - ½) orders the steps; only the order counts, not a common factor.
        order.append(k == 0 ? magnitude : magnitude / Float(2 * k + 1))
      }
    }
  }

  /// The level nearest to `ratio`, a weight divided by its scale.
  @inline(__always)
  static func nearest(_ ratio: Float, in levels: ClosedRange<Int>) -> Int {
    var level = 0
    for k in 0..<levels.upperBound { level += ratio > Float(k) + 0.5 ? 1 : 0 }
    for k in 0..<(-levels.lowerBound) { level -= ratio < -0.5 - Float(k) ? 1 : 0 }
    return level
  }

  /// What a weight is multiplied with to get its ratio to `scale`; zero where the scale is.
  @inline(__always)
  static func inverse(_ scale: Float) -> Float { scale == 0 ? 0 : 1 / scale }
}
