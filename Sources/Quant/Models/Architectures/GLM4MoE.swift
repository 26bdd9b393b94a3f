// SPDX-License-Identifier: MIT

/// GLM 4.5 and 4.6: half of each head is rotated; dense layers first, then mixtures with a network
/// for all tokens beside them. Layers that predict further tokens are left out.
enum GLM4MoE: EvaluableArchitecture {
  static let names = ["glm4moe"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.gating = .sigmoid
    computation.readsRouting = true
    return MemoryTraits(computation: computation)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let dense = try model.integer("leading_dense_block_count", default: 0)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.headNorms(&attention, layer: layer, required: false)
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).post_attention_norm", sizes.width),
        feedForward: layer < dense
          ? .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer]))
          : .mixture(try mixture(model, sizes, layer)))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> MixtureGraph {
    let width = try model.integer("expert_feed_forward_length")
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: .sigmoid, needsBias: true)
    mixture.shared = try model.sharedExperts(layer: layer, sizes, width: width)
    return mixture
  }
}

// MARK: Configuration

extension GLM4MoE {
  static let modelTypes = ["glm4_moe", "glm4v_moe", "glm4v_moe_text", "solar_open"]

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 4096, "intermediate_size": 10944, "num_hidden_layers": 46, "head_dim": 128,
      "num_attention_heads": 96, "num_key_value_heads": 8, "vocab_size": 151_424,
      "n_routed_experts": 128, "n_shared_experts": 1, "num_experts_per_tok": 8,
      "moe_intermediate_size": 1408, "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1,
      "max_position_embeddings": 65536,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("glm4moe", config)
    try header.countLayersAhead()
    try header.commonKeys()
    try header.mixtureKeys()
    header.key("expert_gating_func", 2)
    header.key(
      "rope.dimension_count", Int(Double(header.keySize) * header.rotaryPart(default: 0.5)))
    let bias = try config.flag("attention_bias", default: config.isNested)
    let norms: HeadNorms = try config.flag("use_qk_norm", default: false) ? .heads : .none
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("n_shared_experts", default: 1) * inner
    let dense = try header.leadingDenseLayers()
    func addLayer(_ header: inout HeaderBuilder, _ layer: Int) {
      header.norm("attn_norm")
      header.attention(norms, bias: bias)
      header.norm("post_attention_norm")
      guard layer >= dense else { return header.network() }
      header.mixture(inner, choiceBias: true)
      header.sharedNetwork(shared)
    }
    header.embedding()
    try header.eachLayer { header, layer in addLayer(&header, layer) }
    try header.eachLayerAhead { header, layer in
      addLayer(&header, layer)
      header.aheadParts(ownHead: true)
    }
    try header.output(tied: false)
    return header
  }
}
