// SPDX-License-Identifier: MIT

/// PLaMo 1 to 3: attention and network side by side; PLaMo 2 has Mamba in every second layer. Only
/// estimated.
enum PLaMo: Architecture {
  static let names = ["plamo", "plamo2", "plamo3"]
  static let modelTypes = ["plamo", "plamo2", "plamo3"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    switch config.modelType {
    case "plamo": try first(config)
    case "plamo2": try second(config)
    default: try third(config)
    }
  }

  private static func first(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("plamo", config)
    // The key says something else than the weights.
    header.keyValueHeads = try header.heads / max(1, config.integer("n_shared_head", default: 8))
    try header.commonKeys()
    header.key("context_length", 4096)
    header.key("attention.head_count_kv", header.keyValueHeads)
    var form = LayerForm()
    form.hasNetworkNorm = false
    try header.plainLayers(form)
    try header.output(tied: false)
    return header
  }

  private static func second(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("plamo2", config)
    let size = try config.integer("hidden_size_per_head", default: 128)
    (header.keySize, header.valueSize) = (size, size)
    var sizes = StateSpaceSizes()
    sizes.kernel = try config.integer("mamba_d_conv", default: 4)
    sizes.state = try config.integer("mamba_d_state", default: 64)
    sizes.rank = try config.integer("mamba_num_heads", default: 64)
    sizes.inner = sizes.rank * size
    let step = max(1, try config.integer("mamba_step", default: 2))
    let isMamba = (0..<header.layers).map { layer in
      header.layers <= step / 2 ? layer != header.layers - 1 : layer % step != step / 2
    }
    config.ignore(
      "mamba_enabled", "attention_window_size", "full_attention_idx", "mamba_chunk_size")
    try header.commonKeys()
    header.headKeys()
    header.key("attention.head_count_kv", isMamba.map { $0 ? 0 : header.keyValueHeads })
    header.key("attention.head_count", isMamba.map { $0 ? 0 : header.heads })
    header.stateSpaceKeys(sizes, hasGroups: false)
    header.key("ssm.group_count", 0)
    // The rank of the time step is fixed.
    let rank = max(64, header.width / 16)
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      if isMamba[layer] { mamba(&header, sizes, rank) } else { attention(&header) }
      header.norm("post_attention_norm")
      header.norm("ffn_norm")
      header.network(fused: true)
      header.norm("post_ffw_norm")
    }
    try header.output(tied: true)
    return header
  }

  private static func attention(_ header: inout HeaderBuilder) {
    header.fusedAttention()
    header.tensor("attn_q_norm.weight", header.keySize, header.heads)
    header.tensor("attn_k_norm.weight", header.keySize, header.keyValueHeads)
  }

  private static func mamba(_ header: inout HeaderBuilder, _ sizes: StateSpaceSizes, _ rank: Int) {
    header.linear("ssm_in", header.width, 2 * sizes.inner)
    header.tensor("ssm_conv1d.weight", sizes.kernel, sizes.inner)
    header.linear("ssm_x", sizes.inner, rank + 2 * sizes.state)
    header.linear("ssm_dt", rank, sizes.rank)
    header.tensor("ssm_dt.bias", sizes.rank)
    header.tensor("ssm_a", sizes.rank)
    header.tensor("ssm_d", sizes.rank)
    header.norm("ssm_dt_norm", rank)
    header.norm("ssm_b_norm", sizes.state)
    header.norm("ssm_c_norm", sizes.state)
    header.linear("ssm_out", sizes.inner, header.width)
  }

  private static func third(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("plamo3", config)
    try header.commonKeys()
    header.headKeys()
    if let window = try config.optional("window_size", "sliding_window") {
      header.key("attention.sliding_window", window)
    }
    let period = try config.integer("sliding_window_pattern", default: 8)
    header.key("attention.sliding_window_pattern", period)
    config.ignore("interleaved_sliding_window")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.fusedAttention()
      header.headNorms(.heads)
      header.norm("post_attention_norm")
      header.norm("ffn_norm")
      header.network(fused: true)
      header.norm("post_ffw_norm")
    }
    try header.output(tied: false)
    return header
  }
}
