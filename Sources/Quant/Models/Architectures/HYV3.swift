// SPDX-License-Identifier: MIT

/// Hunyuan 3: heads are normed, experts chosen by a bias, a network for all tokens beside them.
enum HYV3: EvaluableArchitecture {
  static let names = ["hy_v3"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.headNorms(&attention, layer: layer, required: true)
      return try model.layer(layer, sizes, attention, try feedForward(model, sizes, layer))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard model.hasExperts(layer) else { return try model.network(layer, sizes) }
    var mixture = try model.sharingMixture(layer: layer, sizes, needsBias: false)
    // Its name has no ending, unlike that of all others.
    if let bias = try model.optional("blk.\(layer).exp_probs_b", [sizes.experts]) {
      mixture.selectionBias = bias
    }
    return .mixture(mixture)
  }
}

// MARK: Configuration

extension HYV3 {
  static let modelTypes = ["hy_v3"]

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
