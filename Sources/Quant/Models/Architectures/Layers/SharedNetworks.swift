// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelReader {
  /// A mixture whose rules stand in keys, beside a network for all tokens.
  ///
  /// - Parameters:
  ///   - layer: Which layer.
  ///   - sizes: The model's.
  ///   - needsBias: Whether the bias for the choice must be there.
  ///   - activation: What stands between the products of experts.
  ///   - shared: What stands between those of the network for all tokens.
  ///   - count: How many experts that network is as wide as, where `expert_shared_count` is missing.
  /// - Returns: The mixture; experts are chosen by sigmoid unless a key says otherwise.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func sharingMixture(
    layer: Int, _ sizes: ModelSizes, needsBias: Bool, activation: Activation = .silu,
    shared: Activation = .silu, count: Int = 1
  ) throws(QuantError) -> MixtureGraph {
    let width = try expertWidth(sizes, layer: layer)
    var mixture = try keyedMixture(
      layer: layer, sizes, width: width, fallback: .sigmoid, needsBias: needsBias,
      activation: activation)
    let all = try sharedWidth(ofExpert: width, count: count)
    if all > 0 {
      mixture.shared = try dense(layer: layer, suffix: "_shexp", sizes, width: all, shared)
    }
    return mixture
  }

  /// Numbers between the products of the network for all tokens: `expert_shared_feed_forward_length`, or
  /// those of `expert_shared_count` experts; 0 if there is no such network.
  private func sharedWidth(ofExpert width: Int, count: Int) throws(QuantError) -> Int {
    let count = try integer("expert_shared_count", default: count, in: 0...1024)
    guard count > 0 else { return 0 }
    let given = try integer("expert_shared_feed_forward_length", default: 0)
    return given > 0 ? given : width * count
  }
}
