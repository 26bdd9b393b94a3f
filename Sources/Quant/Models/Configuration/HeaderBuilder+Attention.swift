// SPDX-License-Identifier: MIT

/// Norms of query and key heads.
package enum HeadNorms {
  /// None.
  case none
  /// Each head by itself, all with the same weights.
  case heads
  /// All heads together.
  case whole
}

extension HeaderBuilder {
  /// Adds the embedding of tokens.
  package mutating func embedding() {
    tensor("token_embd.weight", width, vocabulary)
  }

  /// Adds what stands behind the layers: the norm, and an output unless it is the embedding.
  package mutating func output(tied: Bool, bias: Bool = false, normBias: Bool = false)
    throws(QuantError)
  {
    norm("output_norm", bias: normBias)
    try head(tied: tied, bias: bias)
  }

  /// Adds the output, unless it is the embedding.
  package mutating func head(tied: Bool, bias: Bool = false) throws(QuantError) {
    if try config.flag("tie_word_embeddings", "tied_embeddings", default: tied) { return }
    linear("output", width, vocabulary, bias: bias)
  }

  /// Adds attention with keys and values of their own.
  package mutating func attention(
    _ norms: HeadNorms = .none, bias: Bool = false, outputBias: Bool = false
  ) {
    linear("attn_q", width, heads * keySize, bias: bias)
    linear("attn_k", width, keyValueHeads * keySize, bias: bias)
    linear("attn_v", width, keyValueHeads * valueSize, bias: bias)
    linear("attn_output", heads * valueSize, width, bias: outputBias)
    headNorms(norms)
  }

  /// Adds attention whose queries, keys and values are one product.
  package mutating func fusedAttention(bias: Bool = false, outputBias: Bool = false) {
    let rows = (heads + keyValueHeads) * keySize + keyValueHeads * valueSize
    linear("attn_qkv", width, rows, bias: bias)
    linear("attn_output", heads * valueSize, width, bias: outputBias)
  }

  /// Adds the norms of queries and keys.
  package mutating func headNorms(_ norms: HeadNorms) {
    switch norms {
    case .none: return
    case .heads:
      norm("attn_q_norm", keySize)
      norm("attn_k_norm", keySize)
    case .whole:
      norm("attn_q_norm", heads * keySize)
      norm("attn_k_norm", keyValueHeads * keySize)
    }
  }

  /// Adds the factors of long and short contexts, if rotation is stretched by them.
  package mutating func rotationFactors() {
    for (key, name) in [("long_factor", "long"), ("short_factor", "short")] {
      if let factors = rotationScaling?.numbers(key) {
        tensor("rope_factors_\(name).weight", factors.count)
      }
    }
  }

  /// Adds the frequencies of rotation, if it is stretched as in Llama 3.
  package mutating func rotationFrequencies(_ size: Int? = nil) {
    if rotationType?.lowercased() == "llama3" { tensor("rope_freqs.weight", (size ?? keySize) / 2) }
  }
}

/// The sizes of attention through compressed keys and values (DeepSeek).
package struct LatentSizes {
  /// Width of compressed queries; zero where they are not compressed.
  package var queryRank: Int
  /// Width of compressed keys and values.
  package let rank: Int
  /// Numbers of a head that positions do not rotate.
  package let plain: Int
  /// Numbers of a head that positions rotate.
  package let rotary: Int
  /// Numbers of a value of a head.
  package let value: Int

  package init(_ config: ConfigurationReader) throws(QuantError) {
    queryRank = try config.integer("q_lora_rank", default: 0)
    rank = try config.integer("kv_lora_rank", default: 512)
    plain = try config.integer("qk_nope_head_dim", default: 128)
    rotary = try config.integer("qk_rope_head_dim", default: 64)
    value = try config.integer("v_head_dim", default: plain)
    _ = try config.optional("qk_head_dim")
  }
}

extension HeaderBuilder {
  /// Sets the keys of attention through compressed keys and values.
  package mutating func latentKeys(_ sizes: LatentSizes) {
    if sizes.queryRank > 0 { key("attention.q_lora_rank", sizes.queryRank) }
    key("attention.kv_lora_rank", sizes.rank)
    key("attention.key_length", sizes.rank + sizes.rotary)
    key("attention.value_length", sizes.rank)
    key("attention.key_length_mla", sizes.plain + sizes.rotary)
    key("attention.value_length_mla", sizes.value)
    key("rope.dimension_count", sizes.rotary)
  }

  /// Adds attention through compressed keys and values.
  package mutating func latentAttention(_ sizes: LatentSizes) {
    let queries = heads * (sizes.plain + sizes.rotary)
    if sizes.queryRank > 0 {
      linear("attn_q_a", width, sizes.queryRank)
      norm("attn_q_a_norm", sizes.queryRank)
      linear("attn_q_b", sizes.queryRank, queries)
    } else {
      linear("attn_q", width, queries)
    }
    linear("attn_kv_a_mqa", width, sizes.rank + sizes.rotary)
    norm("attn_kv_a_norm", sizes.rank)
    tensor("attn_k_b.weight", sizes.plain, sizes.rank, heads)
    tensor("attn_v_b.weight", sizes.rank, sizes.value, heads)
    linear("attn_output", heads * sizes.value, width)
  }

  /// Sets the keys of the indexer that chooses what attention looks at (DeepSeek V3.2).
  package mutating func indexerKeys() throws(QuantError) {
    key("attention.indexer.head_count", try config.integer("index_n_heads"))
    key("attention.indexer.key_length", try config.integer("index_head_dim"))
    key("attention.indexer.top_k", try config.integer("index_topk"))
  }

  /// Adds an indexer.
  package mutating func indexer(_ sizes: LatentSizes) throws(QuantError) {
    let count = try config.integer("index_n_heads")
    let size = try config.integer("index_head_dim")
    norm("indexer.k_norm", size, bias: true)
    linear("indexer.proj", width, count)
    linear("indexer.attn_k", width, size)
    linear("indexer.attn_q_b", sizes.queryRank, count * size)
  }
}
