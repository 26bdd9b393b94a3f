// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelReader {
  /// A mixture whose rules stand in the file's keys: gating, normalisation, a factor on weights,
  /// and a bias for the choice.
  ///
  /// - Parameters:
  ///   - layer: Which layer.
  ///   - sizes: The model's.
  ///   - width: Numbers between an expert's products.
  ///   - fallback: The gating where the file does not say.
  ///   - needsBias: Whether the bias for the choice must be there.
  ///   - activation: What stands between the products.
  ///   - plain: Whether experts may have no gate.
  ///   - latent: What is around experts that work in narrower vectors.
  /// - Returns: The mixture, without a network for all tokens.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func keyedMixture(
    layer: Int, _ sizes: ModelSizes, width: Int, fallback: MixtureGraph.Gating, needsBias: Bool,
    activation: Activation = .silu, plain: Bool = false, latent: LatentMixture? = nil
  ) throws(QuantError) -> MixtureGraph {
    var mixture = try mixture(
      layer: layer, sizes, width: width, gating: try gating(fallback),
      normalizes: try flag("expert_weights_norm", default: false), activation: activation,
      plain: plain, latent: latent)
    let bias = "blk.\(layer).exp_probs_b.bias"
    mixture.selectionBias =
      needsBias ? try tensor(bias, [sizes.experts]) : try optional(bias, [sizes.experts])
    let scale = try number("expert_weights_scale", default: 0)
    if scale != 0 { mixture.weightScale = scale }
    return mixture
  }

  /// The network that all tokens pass: as wide as `expert_shared_count` experts; `nil` for none.
  func sharedExperts(
    layer: Int, _ sizes: ModelSizes, width: Int
  ) throws(QuantError) -> DenseGraph? {
    let count = try integer("expert_shared_count", in: 0...1024)
    guard count > 0 else { return nil }
    return try dense(layer: layer, suffix: "_shexp", sizes, width: width * count)
  }

  /// The gating that `expert_gating_func` names.
  private func gating(_ fallback: MixtureGraph.Gating) throws(QuantError) -> MixtureGraph.Gating {
    switch try integer("expert_gating_func", default: 0, in: 0...4) {
    case 1: .softmax
    case 2: .sigmoid
    case 3: .softmaxOfChosen
    case 4: .rootSoftplus
    default: fallback
    }
  }
}
