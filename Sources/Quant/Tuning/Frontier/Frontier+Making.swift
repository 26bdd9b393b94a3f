// SPDX-License-Identifier: MIT
internal import QuantEvaluation
package import QuantPlanning

extension Frontier {
  /// Makes a frontier of points and marks those that no other beats.
  package init(
    of model: String, bytes: Int, base: [TextResult], expertLayers: [Int], points: [Point],
    name: String? = nil, importance: String? = nil, machine: String? = nil,
    speedBasis: [String] = [], pick: Pick? = nil
  ) {
    self.init(
      model: model, name: name, importance: importance, modelBytes: bytes, base: base,
      machine: machine, speedBasis: speedBasis,
      expertLayers: expertLayers, points: points, pick: pick)
    markFront()
  }
}

extension Frontier.Point {
  /// Makes a point that is not on the front yet.
  package init(
    in series: Series, _ label: String, bytes: Int, bitsPerWeight: Double,
    expectedDivergence: Double, results: [TextResult], quantizedExperts: Int? = nil,
    speed: Frontier.Speed? = nil, expertBits: [[Double]] = [], recipe: String = "",
    requantizes: Bool = false, lacksImportance: Bool = false,
    llamaCpp: LlamaCppSupport = LlamaCppSupport(refusal: nil), losses: [TensorLoss] = [],
    emptiedTensors: [EmptiedTensor] = []
  ) {
    self.init(
      series: series, label: label, quantizedExperts: quantizedExperts, recipe: recipe,
      requantizes: requantizes, lacksImportance: lacksImportance, llamaCpp: llamaCpp,
      losses: losses, emptiedTensors: emptiedTensors, sizeBytes: bytes,
      bitsPerWeight: bitsPerWeight, expectedDivergence: expectedDivergence, results: results,
      speed: speed, expertBits: expertBits)
  }
}

extension Frontier.Speed {
  /// Makes a speed with its range, in tokens a second.
  package init(_ tokensPerSecond: Double, from low: Double, to high: Double) {
    self.init(tokensPerSecond: tokensPerSecond, low: low, high: high)
  }
}

extension Frontier.Pick {
  /// Makes a pick.
  package init(by policy: String, point: Int?, because reason: String) {
    self.init(policy: policy, point: point, reason: reason)
  }
}
