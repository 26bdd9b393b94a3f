// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelReader {
  /// A network, or experts behind the first layers, as DeepSeek's, whose gates are limited before the
  /// function: experts' by `swiglu_clamp_exp`; if `limitsAll`, others' by `swiglu_clamp_shexp`, or else by
  /// the former.
  func clampedNetwork(
    _ sizes: ModelSizes, layer: Int, limitsAll: Bool
  ) throws(QuantError) -> BlockGraph {
    let (routed, others) = try clampsBefore(sizes, layer: layer)
    switch try DeepSeek2.feedForward(self, sizes, layer, gating: .sigmoid) {
    case .mixture(var mixture):
      mixture.experts.activation = routed
      if limitsAll { mixture.shared?.activation = others }
      return .mixture(mixture)
    case .dense(var dense):
      if limitsAll { dense.activation = others }
      return .dense(dense)
    case let other: return other
    }
  }

  /// SiLU of limited gates in a layer: that of experts, by `swiglu_clamp_exp`, and that of the network for
  /// all tokens, by `swiglu_clamp_shexp`, or else by the former.
  func clampsBefore(
    _ sizes: ModelSizes, layer: Int
  ) throws(QuantError) -> (routed: Activation, shared: Activation) {
    let own = "swiglu_clamp_shexp"
    let routed = try clamps("swiglu_clamp_exp", layers: sizes.described)[layer]
    let shared = has(own) ? try clamps(own, layers: sizes.described)[layer] : routed
    func activation(_ limit: Float?) -> Activation {
      limit.map { .siluOfClamped(limit: $0) } ?? .silu
    }
    return (activation(routed), activation(shared))
  }

  /// SiLU for each layer, at most as large as a key says.
  func clampedActivations(_ key: String, layers: Int) throws(QuantError) -> [Activation] {
    try clamps(key, layers: layers).map { $0.map { .clampedSilu(limit: $0) } ?? .silu }
  }

  /// The limit that a key gives each layer, by one number or one a layer; `nil` for none.
  private func clamps(_ key: String, layers: Int) throws(QuantError) -> [Float?] {
    func limit(_ number: Float) -> Float? { number > 1e-6 ? number : nil }
    guard let list = value(key)?.elements else {
      return Array(repeating: limit(try number(key, default: 0)), count: layers)
    }
    let numbers = list.values(layers).compactMap(\.number).map { Float($0) }
    guard numbers.count == layers, numbers.allSatisfy(\.isFinite) else {
      throw .content(
        file: source.path, line: 0,
        what: "\(architecture).\(key): expected \(layers) numbers, found an array of \(list.count)")
    }
    return numbers.map(limit)
  }
}
