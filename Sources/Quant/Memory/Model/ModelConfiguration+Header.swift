// SPDX-License-Identifier: MIT
public import QuantModels

extension ModelConfiguration {
  /// Describes the file that a model of these sizes would be written to.
  ///
  /// - Parameter name: What errors name.
  /// - Returns: Its keys and tensors.
  /// - Throws: `QuantError.content` if the sizes do not make a model.
  public func header(_ name: String) throws(QuantError) -> ConfiguredHeader {
    try check(name)
    var header = try HeaderBuilder(architecture, sizes: sizes, file: name)
    let latent = latentRank > 0 ? try LatentSizes(header.config) : nil
    try header.commonKeys()
    if let latent {
      header.latentKeys(latent)
      header.key("attention.head_count_kv", 1)
    } else {
      header.headKeys()
      header.key("rope.dimension_count", headWidth)
    }
    if slidingWindow > 0 { header.key("attention.sliding_window", slidingWindow) }
    if experts > 0 { header.key("expert_feed_forward_length", expertWidth) }
    header.embedding()
    if hasPositions { header.tensor("position_embd.weight", embedding, context) }
    try header.eachLayer { header, layer in add(layer, to: &header, latent) }
    header.norm("output_norm")
    if !isTied { header.linear("output", embedding, vocabulary) }
    return header.header
  }

  /// The sizes under the names that configurations have for them.
  private var sizes: [String: Int] {
    var sizes = [
      "num_hidden_layers": layers, "hidden_size": embedding, "intermediate_size": feedForward,
      "vocab_size": vocabulary, "num_attention_heads": heads, "head_dim": headWidth,
      "num_key_value_heads": keyValueHeads, "max_position_embeddings": context,
    ]
    if experts > 0 {
      sizes["num_experts"] = experts
      sizes["num_experts_per_tok"] = usedExperts
    }
    guard latentRank > 0 else { return sizes }
    sizes["q_lora_rank"] = queryRank
    sizes["kv_lora_rank"] = latentRank
    sizes["qk_nope_head_dim"] = plainHeadSize
    sizes["qk_rope_head_dim"] = rotaryHeadSize
    sizes["v_head_dim"] = valueHeadSize
    return sizes
  }

  private func add(_ layer: Int, to header: inout HeaderBuilder, _ latent: LatentSizes?) {
    header.norm("attn_norm")
    if let latent {
      header.latentAttention(latent)
    } else {
      header.attention(normsQueries ? .heads : .none, bias: hasBias)
    }
    header.norm("ffn_norm")
    if hasExperts(layer) {
      header.mixture(expertWidth, gated: isGated)
      header.sharedNetwork(sharedWidth, gated: isGated)
    } else {
      header.network(feedForward > 0 ? feedForward : expertWidth, gated: isGated)
    }
  }
}
