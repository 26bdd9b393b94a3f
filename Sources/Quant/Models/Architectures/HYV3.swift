// SPDX-License-Identifier: MIT

/// Hunyuan 3: heads are normed, experts chosen by a bias, a shared one beside them. Only estimated.
enum HYV3: Architecture {
  static let names = ["hy_v3"]
  static let modelTypes = ["hy_v3"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("hy_v3", config)
    try header.countLayersAhead()
    try header.commonKeys()
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("num_shared_experts", default: 1) * inner
    header.key("expert_feed_forward_length", inner)
    header.key("expert_shared_feed_forward_length", shared)
    header.key("expert_gating_func", 2)
    let dense = try header.leadingDenseLayers()
    config.ignore(
      "enable_moe_fp32_combine", "route_norm", "moe_router_use_sigmoid", "use_qk_norm",
      "moe_router_enable_expert_bias", "enable_attention_fp32_softmax")
    let bias = try config.flag("attention_bias", default: false)
    func addLayer(_ header: inout HeaderBuilder, sparse: Bool) {
      header.norm("attn_norm")
      header.attention(.heads, bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      guard sparse else { return header.network() }
      header.mixture(inner, choiceBias: true)
      header.sharedNetwork(shared)
    }
    header.embedding()
    try header.eachLayer { header, layer in addLayer(&header, sparse: layer >= dense) }
    try header.eachLayerAhead { header, _ in
      addLayer(&header, sparse: true)
      header.aheadParts()
    }
    try header.output(tied: false)
    return header
  }
}
