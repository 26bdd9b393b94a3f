// SPDX-License-Identifier: MIT

extension ModelReader {
  /// A network, or experts behind the first layers, as DeepSeek's, whose gates are limited before the
  /// function: experts' by `swiglu_clamp_exp`, others' by `others`.
  func clampedNetwork(
    _ sizes: ModelSizes, layer: Int, others: Float?
  ) throws(QuantError) -> BlockGraph {
    let limit = try clamp("swiglu_clamp_exp", layer: layer, layers: sizes.layers)
    switch try DeepSeek2.feedForward(self, sizes, layer, gating: .sigmoid) {
    case .mixture(var mixture):
      if let limit { mixture.experts.activation = .siluOfClamped(limit: limit) }
      if let others { mixture.shared?.activation = .siluOfClamped(limit: others) }
      return .mixture(mixture)
    case .dense(var dense):
      if let others { dense.activation = .siluOfClamped(limit: others) }
      return .dense(dense)
    case let other: return other
    }
  }
}
