// SPDX-License-Identifier: MIT

/// Step 3.5: windowed layers have more heads, and every head a gate of its own. Only estimated.
enum Step35: Architecture {
  static let names = ["step35"]
  static let modelTypes = ["step3p5", "step3p7"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("step35", config)
    try header.countLayersAhead()
    let all = header.layers + header.layersAhead
    let types = config.texts("layer_types") ?? []
    let isSliding = (0..<all).map { $0 < types.count && types[$0] == "sliding_attention" }
    let groups = try config.integer("num_attention_groups", default: header.keyValueHeads)
    let other = config.object("attention_other_setting")
    let slidingHeads = try other?.optional("num_attention_heads") ?? header.heads
    let slidingGroups = try other?.optional("num_attention_groups") ?? groups
    other?.markAllRead()
    let (plainHeads, inner) = (header.heads, try config.integer("moe_intermediate_size"))
    header.experts = try config.integer("moe_num_experts", default: header.experts)
    let isSparse = try sparseLayers(header, all)
    let shared = try config.integer("share_expert_dim", "share_expert_dims", default: 0)
    try keys(&header, shared, isSparse)
    header.key("attention.head_count", isSliding.map { $0 ? slidingHeads : plainHeads })
    header.key("attention.head_count_kv", isSliding.map { $0 ? slidingGroups : groups })
    header.key("attention.sliding_window_pattern", isSliding)
    func addLayer(_ header: inout HeaderBuilder, _ layer: Int) {
      header.heads = isSliding[layer] ? slidingHeads : plainHeads
      header.keyValueHeads = isSliding[layer] ? slidingGroups : groups
      header.norm("attn_norm")
      header.attention(.heads)
      header.linear("attn_gate", header.width, header.heads)
      header.norm("ffn_norm")
      guard isSparse[layer] else { return header.network() }
      header.mixture(inner, choiceBias: true)
      header.sharedNetwork(shared)
    }
    header.rotationFrequencies()
    header.embedding()
    try header.eachLayer { header, layer in addLayer(&header, layer) }
    try header.eachLayerAhead { header, layer in
      addLayer(&header, layer)
      header.aheadParts(ownHead: false)
      header.tensor("nextn.shared_head_head.weight", header.width, header.vocabulary)
    }
    try header.output(tied: false)
    return header
  }

  private static func keys(
    _ header: inout HeaderBuilder, _ shared: Int, _ isSparse: [Bool]
  ) throws(QuantError) {
    let config = header.config
    try header.commonKeys()
    header.headKeys()
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    header.key("expert_used_count", try config.optional("moe_top_k"))
    header.key("expert_feed_forward_length", try config.optional("moe_intermediate_size"))
    header.key("expert_shared_feed_forward_length", shared)
    header.key("leading_dense_block_count", isSparse.firstIndex(of: true) ?? 0)
    header.key("expert_gating_func", 2)
    config.ignore(
      "num_sliding_attention_heads", "per_layer_config", "use_moe", "use_moe_router_bias",
      "use_head_wise_attn_gate", "use_qk_norm", "need_fp32_gate", "norm_expert_weight",
      "zero_centered", "sink", "att_impl_type", "yarn_only_types", "use_rope_layers",
      "moe_every_n_layer")
  }

  private static func sparseLayers(_ header: HeaderBuilder, _ all: Int) throws(QuantError) -> [Bool]
  {
    let listed = header.config.text("moe_layers_enum").map {
      Set($0.split(separator: ",").compactMap { Int(String($0).filter(\.isNumber)) })
    }
    let kinds = header.config.texts("mlp_layer_types").map { kinds in
      Set(kinds.indices.filter { kinds[$0] != "dense" })
    }
    let numbers = header.config.list("moe_layers").map(Set.init) ?? kinds
    // The layers that predict ahead are dense.
    return (0..<all).map { layer in
      layer < header.layers && ((listed ?? numbers)?.contains(layer) ?? (header.experts > 0))
    }
  }
}
