// SPDX-License-Identifier: MIT

/// DBRX: queries, keys and values are one product; all layers have experts.
enum DBRX: EvaluableArchitecture {
  static let names = ["dbrx"]
  static let modelTypes = ["dbrx"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let clamp = max(0, try model.number("attention.clamp_kqv"))
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      attention.clamp = clamp
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes), attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).attn_output_norm", sizes),
        feedForward: .mixture(
          try model.mixture(layer: layer, sizes, width: sizes.feedForward[layer])))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("dbrx", config)
    guard let network = config.object("ffn_config"), let attention = config.object("attn_config")
    else { throw config.missing("ffn_config") }
    header.keyValueHeads = try attention.integer("kv_n_heads", default: header.heads)
    header.feedForward = try network.integer("ffn_hidden_size")
    header.experts = try network.integer("moe_num_experts")
    let used = try network.integer("moe_top_k", default: 1)
    attention.markAllRead()
    network.markAllRead()
    try header.commonKeys()
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count_kv", header.keyValueHeads)
    header.key("expert_used_count", used)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.fusedAttention()
      header.norm("attn_output_norm")
      header.mixture(header.feedForward)
    }
    try header.output(tied: false)
    return header
  }
}
