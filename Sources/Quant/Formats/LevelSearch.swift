// SPDX-License-Identifier: MIT

/// Finds the best scale for blocks whose quants are a few small integers: exactly.
///
/// For weights x of importance w and quants q, the error Σ w (x - d q)² is least at d = A / B, with
/// A = Σ w x q and B = Σ w q², and is then Σ w x² - A² / B. As 1/d grows from zero, the quants leave
/// zero one step at a time, each at a known point: k - ½ = |x| / d. Going through these points in
/// order meets every assignment that rounding to nearest can give, so the greatest A² / B among them
/// is the optimum.
struct LevelSearch {
  /// A scale, and by how much it lowers the error below that of all zeros.
  struct Result {
    var scale: Float = 0
    var gain: Double = 0
  }

  /// One quant going from k - 1 to k (in magnitude).
  private struct Step {
    /// The inverse scale at which it does.
    let inverseScale: Float
    let magnitude: Float
    let importance: Float
    /// k² - (k - 1)² = 2 k - 1.
    let growth: Float
  }

  /// Kept between blocks, so that its memory is asked for once.
  private var steps: [Step] = []

  /// Searches one block.
  ///
  /// - Parameters:
  ///   - weights: The weights; finite.
  ///   - importance: How much an error at each matters; all the same if `nil` or nowhere positive.
  ///   - levels: The quants that the format has; they include zero.
  /// - Returns: The best positive scale; zero for a block of zeros.
  /// - Complexity: O(*n* log *n*) in weights.
  mutating func best(
    _ weights: Span<Float>, _ importance: Span<Float>?, levels: ClosedRange<Int>
  ) -> Result {
    collectSteps(weights, importance, levels)
    if steps.isEmpty, importance != nil { collectSteps(weights, nil, levels) }
    steps.sort { $0.inverseScale < $1.inverseScale }
    var best = Result()
    var a = 0.0, b = 0.0
    for step in steps {
      a += Double(step.importance) * Double(step.magnitude)
      b += Double(step.importance) * Double(step.growth)
      let gain = a * a / b
      if gain > best.gain { best = Result(scale: Float(a / b), gain: gain) }
    }
    return best
  }

  private mutating func collectSteps(
    _ weights: Span<Float>, _ importance: Span<Float>?, _ levels: ClosedRange<Int>
  ) {
    steps.removeAll(keepingCapacity: true)
    for index in weights.indices {
      let weight = weights[index]
      let importance = importance?[index] ?? 1
      guard weight != 0, importance > 0 else { continue }
      let last = weight > 0 ? levels.upperBound : -levels.lowerBound
      for k in 0..<last {
        steps.append(
          Step(
            inverseScale: (Float(k) + 0.5) / weight.magnitude, magnitude: weight.magnitude,
            importance: importance, growth: Float(2 * k + 1)))
      }
    }
  }

  /// The level nearest to `ratio`, a weight divided by its scale.
  @inline(__always)
  static func nearest(_ ratio: Float, in levels: ClosedRange<Int>) -> Int {
    var level = 0
    for k in 0..<levels.upperBound where ratio > Float(k) + 0.5 { level += 1 }
    for k in 0..<(-levels.lowerBound) where ratio < -0.5 - Float(k) { level -= 1 }
    return level
  }

  /// What a weight is multiplied with to get its ratio to `scale`; zero where the scale is.
  @inline(__always)
  static func inverse(_ scale: Float) -> Float { scale == 0 ? 0 : 1 / scale }
}
