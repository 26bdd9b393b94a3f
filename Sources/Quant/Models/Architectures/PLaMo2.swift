// SPDX-License-Identifier: MIT

/// PLaMo 2, which has Mamba in every second layer. Only estimated.
enum PLaMo2: Architecture {
  static let names = ["plamo2"]
  static let modelTypes = ["plamo2"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
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
}
