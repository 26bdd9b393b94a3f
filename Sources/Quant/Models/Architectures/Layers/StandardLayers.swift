// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelReader {
  /// A layer of attention and a network: a norm before each, one behind each, or both.
  ///
  /// - Parameters:
  ///   - index: Which layer.
  ///   - sizes: The model's.
  ///   - attention: Its attention.
  ///   - feedForward: Its network.
  ///   - networkNorm: The name of the norm before the network.
  ///   - before: Whether there are norms before.
  ///   - behind: Whether there are norms behind: `post_attention_norm` and `post_ffw_norm`.
  ///   - epsilon: What those behind add to mean squares, if that is not what the others add.
  /// - Returns: The layer.
  /// - Throws: `QuantError` for norms that are missing or do not fit.
  func layer(
    _ index: Int, _ sizes: ModelSizes, _ attention: AttentionGraph, _ feedForward: BlockGraph,
    networkNorm: String = "ffn_norm", before: Bool = true, behind: Bool = false,
    epsilon: Float? = nil
  ) throws(QuantError) -> LayerGraph {
    func norm(_ name: String, _ isThere: Bool, _ epsilon: Float? = nil) throws(QuantError) -> Norm?
    {
      guard isThere else { return nil }
      var norm = try self.norm("blk.\(index).\(name)", sizes)
      norm.epsilon = epsilon
      return norm
    }
    return LayerGraph(
      attentionNorm: try norm("attn_norm", before), attention: attention,
      attentionPostNorm: try norm("post_attention_norm", behind, epsilon),
      feedForwardNorm: try norm(networkNorm, before), feedForward: feedForward,
      feedForwardPostNorm: try norm("post_ffw_norm", behind, epsilon))
  }

  /// A layer whose attention and network stand side by side behind one norm.
  func parallelLayer(
    _ index: Int, _ sizes: ModelSizes, _ attention: AttentionGraph, _ network: StepBranch
  ) throws(QuantError) -> LayerGraph {
    LayerGraph(steps: [
      LayerStep(
        norm: try norm("blk.\(index).attn_norm", sizes),
        branches: [StepBranch(.attention(attention)), network])
    ])
  }

  /// The network of a layer that is the same for all tokens, as wide as `feed_forward_length` says.
  func network(_ layer: Int, _ sizes: ModelSizes) throws(QuantError) -> BlockGraph {
    .dense(try dense(layer: layer, sizes, width: sizes.feedForward[layer]))
  }

  /// Whether a layer has experts: the file has a router for it.
  func hasExperts(_ layer: Int) -> Bool { source.contains("blk.\(layer).ffn_gate_inp.weight") }
}
