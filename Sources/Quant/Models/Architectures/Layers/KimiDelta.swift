// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelReader {
  /// Kimi's delta attention: queries, keys and values with a convolution each, decay for each entry of a
  /// key, gates with sigmoid. Decays and gates may go through a narrow vector each, as the tensors say.
  ///
  /// - Parameters:
  ///   - sizes: The model's.
  ///   - layer: Which layer.
  ///   - bound: If not zero, what decays are a share of; see `DeltaNetGraph.Decay`.
  ///   - isNegated: Whether factors have the wrong sign for that.
  /// - Returns: The block.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func kimiDelta(
    _ sizes: ModelSizes, layer: Int, bound: Float = 0, isNegated: Bool = false
  ) throws(QuantError) -> DeltaNetGraph {
    let prefix = "blk.\(layer)."
    let size = try integer("kda.head_dim", in: 1...65_535)
    let heads = sizes.heads[layer]
    let inner = heads * size
    let gate = source.contains("\(prefix)ssm_g.weight") ? "ssm_g" : "ssm_g_a"
    return DeltaNetGraph(
      input: .separate(
        query: try convolved("q", sizes, layer, inner),
        key: try convolved("k", sizes, layer, inner),
        value: try convolved("v", sizes, layer, inner)),
      keyHeads: heads, valueHeads: heads, keySize: size, valueSize: size,
      controls: .separate(
        step: try linear("\(prefix)ssm_beta", sizes.width, heads),
        decay: try product("\(prefix)ssm_f_a", "\(prefix)ssm_f_b", sizes.width, size, inner)),
      decay: DeltaNetGraph.Decay(
        bias: try tensor("\(prefix)ssm_dt.bias", [inner]),
        factors: try headFactors("\(prefix)ssm_a", heads), bound: bound, isNegated: isNegated,
        isPerEntry: true),
      norm: try norm("\(prefix)ssm_norm", size),
      gate: DeltaNetGraph.Gate(
        product: try product("\(prefix)\(gate)", "\(prefix)ssm_g_b", sizes.width, size, inner),
        function: .sigmoid),
      output: try linear("\(prefix)attn_output", inner, sizes.width))
  }

  private func convolved(
    _ part: String, _ sizes: ModelSizes, _ layer: Int, _ outputs: Int
  ) throws(QuantError) -> DeltaNetGraph.Convolved {
    DeltaNetGraph.Convolved(
      linear: try linear("blk.\(layer).attn_\(part)", sizes.width, outputs),
      convolution: try convolution(
        "blk.\(layer).ssm_conv1d_\(part)",
        taps: try integer("ssm.conv_kernel", in: 1...1024), channels: outputs))
  }

  /// One product, or, if the file has the second, two through a narrow vector.
  private func product(
    _ first: String, _ second: String, _ inputs: Int, _ narrow: Int, _ outputs: Int
  ) throws(QuantError) -> DeltaNetGraph.Product {
    guard source.contains("\(second).weight") else {
      return .direct(try linear(first, inputs, outputs))
    }
    return .narrow(
      down: try linear(first, inputs, narrow), up: try linear(second, narrow, outputs))
  }

  /// Latent attention without rotation, as Kimi's models have it between layers of delta attention.
  func stillLatentAttention(
    _ sizes: ModelSizes, layer: Int
  ) throws(QuantError) -> AttentionGraph {
    var shape = try LatentShape(self, sizes, layer: layer, leastShared: 0)
    // The key of the rank may be there without the tensors.
    if source.contains("blk.\(layer).attn_q.weight") { shape.queryRank = 0 }
    return try latentAttention(sizes, layer: layer, shape)
  }

  /// The gating of experts, which this file must say.
  func requireGating() throws(QuantError) {
    _ = try integer("expert_gating_func", in: 1...4)
  }

  /// The network beside experts, as wide as `expert_shared_count` of them and at least as one; `nil` if
  /// the file has none.
  func optionalSharedExperts(
    layer: Int, _ sizes: ModelSizes, width: Int, _ activation: Activation = .silu
  ) throws(QuantError) -> DenseGraph? {
    guard source.contains("blk.\(layer).ffn_gate_shexp.weight") else { return nil }
    let count = max(1, try integer("expert_shared_count", in: 0...1024))
    return try dense(layer: layer, suffix: "_shexp", sizes, width: width * count, activation)
  }
}
