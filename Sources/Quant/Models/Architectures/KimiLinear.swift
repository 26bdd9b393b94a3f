// SPDX-License-Identifier: MIT

/// Kimi Linear: three of four layers keep a state (Kimi Delta Attention), the others compressed keys and
/// values, without rotation.
enum KimiLinear: EvaluableArchitecture {
  static let names = ["kimi-linear"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(steps: [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes.width),
          sizes.keyValueHeads[layer] == 0
            ? .deltaNet(try model.kimiDelta(sizes, layer: layer))
            : .attention(try model.stillLatentAttention(sizes, layer: layer))),
        LayerStep(
          norm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
          try feedForward(model, sizes, layer)),
      ])
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard try layer >= model.integer("leading_dense_block_count", default: 0) else {
      return .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer]))
    }
    try model.requireGating()
    let width = try model.integer("expert_feed_forward_length")
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: .sigmoid, needsBias: true)
    mixture.normalizes = true
    mixture.shared = try model.optionalSharedExperts(layer: layer, sizes, width: width)
    return .mixture(mixture)
  }
}

// MARK: Configuration

extension KimiLinear {
  static let modelTypes = ["kimi_linear"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("kimi-linear", config)
    let linear = config.object("linear_attn_config")
    let types = config.texts("layer_types")
    let listed = types.map { types in
      types.indices.filter { types[$0] == "full_attention" }.map { $0 + 1 }
    }
    guard let full = linear?.list("full_attn_layers") ?? listed else {
      throw config.missing("linear_attn_config.full_attn_layers")
    }
    _ = linear?.list("kda_layers")
    var kernel = try config.integer("linear_conv_kernel_dim", default: 4)
    var size = try config.integer("linear_head_dim", default: 128)
    var heads = try config.integer("linear_num_heads", default: header.heads)
    if let linear {
      kernel = try linear.integer("short_conv_kernel_size", default: kernel)
      size = try linear.integer("head_dim", default: size)
      heads = try linear.integer("num_heads", default: heads)
    }
    let sizes = try LatentSizes(config)
    try keys(&header, sizes, full)
    header.key("ssm.conv_kernel", kernel)
    header.key("kda.head_dim", size)
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("num_shared_experts", default: 0) * inner
    let dense = try header.leadingDenseLayers()
    let step = max(1, try config.integer("moe_layer_freq", default: 1))
    config.ignore(
      "mla_use_nope", "use_grouped_topk", "moe_renormalize", "num_expert_group",
      "num_nextn_predict_layers")
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      if full.contains(layer + 1) {
        header.latentAttention(sizes)
      } else {
        delta(&header, heads: heads, size: size, kernel: kernel)
      }
      header.norm("ffn_norm")
      guard header.experts > 0, layer >= dense, layer % step == 0 else { return header.network() }
      header.mixture(inner, choiceBias: true)
      header.sharedNetwork(shared)
    }
    try header.output(tied: false)
    return header
  }

  private static func keys(
    _ header: inout HeaderBuilder, _ sizes: LatentSizes, _ full: [Int]
  ) throws(QuantError) {
    try header.commonKeys()
    header.latentKeys(sizes)
    header.key(
      "attention.head_count_kv", (0..<header.layers).map { full.contains($0 + 1) ? 1 : 0 })
    header.key("vocab_size", header.vocabulary)
    try header.mixtureKeys()
  }

  private static func delta(_ header: inout HeaderBuilder, heads: Int, size: Int, kernel: Int) {
    let (width, inner) = (header.width, heads * size)
    for part in ["q", "k", "v"] {
      header.tensor("ssm_conv1d_\(part).weight", kernel, 1, inner)
      header.linear("attn_\(part)", width, inner)
    }
    header.linear("ssm_f_a", width, size)
    header.linear("ssm_f_b", size, inner)
    header.linear("ssm_beta", width, heads)
    header.tensor("ssm_a", 1, heads)
    header.tensor("ssm_dt.bias", inner)
    header.linear("ssm_g_a", width, size)
    header.linear("ssm_g_b", size, inner)
    header.norm("ssm_norm", size)
    header.linear("attn_output", inner, width)
  }
}
