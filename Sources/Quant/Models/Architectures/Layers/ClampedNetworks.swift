// SPDX-License-Identifier: MIT

extension ModelReader {
  /// A network, or experts behind the first layers, as DeepSeek's, whose gates are limited before the
  /// function: experts' by `swiglu_clamp_exp`; if `limitsAll`, others' by `swiglu_clamp_shexp`, or else by
  /// the former.
  func clampedNetwork(
    _ sizes: ModelSizes, layer: Int, limitsAll: Bool
  ) throws(QuantError) -> BlockGraph {
    let (routed, own) = ("swiglu_clamp_exp", "swiglu_clamp_shexp")
    let limit = try clamp(routed, layer: layer, layers: sizes.described)
    let others =
      limitsAll ? try clamp(has(own) ? own : routed, layer: layer, layers: sizes.described) : nil
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
