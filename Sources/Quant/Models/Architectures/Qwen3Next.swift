// SPDX-License-Identifier: MIT
internal import GGUF

/// Qwen3-Next and Qwen 3.5: three of four layers are gated DeltaNets with a state of fixed size, the
/// others gate what attention gives.
enum Qwen3Next: EvaluableArchitecture {
  static let names = ["qwen3next", "qwen35", "qwen35moe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    model.has("full_attention_interval") ? [] : try model.recurrenceRules(period: interval)
  }

  static func dense(_ name: String) -> DenseForm? {
    name == "qwen35moe" ? DenseForm(architecture: "qwen35") : nil
  }

  /// Of so many layers the last attends, where the file does not say.
  private static let interval = 4

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let isRecurrent = try model.recurrentLayers(sizes, interval: interval)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(steps: [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes.width),
          isRecurrent[layer]
            ? .deltaNet(
              try model.gatedDeltaNet(
                sizes, layer: layer, sharesConsecutively: model.architecture == names[0]))
            : .attention(try attention(model, sizes, layer))),
        LayerStep(
          norm: try model.norm("blk.\(layer).post_attention_norm", sizes.width),
          try feedForward(model, sizes, layer)),
      ])
    }
    return try model.graph(sizes, layers: layers)
  }

  /// Each head's gate comes with its query.
  static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    guard sizes.keySize == sizes.valueSize else {
      throw .unsupported(
        "\(model.path): expected keys as long as values, as gates belong to both, found "
          + "\(sizes.keySize) and \(sizes.valueSize)")
    }
    var attention = try model.attention(sizes, layer: layer, .halves, gatesQueries: true)
    try model.headNorms(&attention, layer: layer, required: true)
    if model.architecture != names[0], var rotation = attention.rotation {
      try model.setSections(of: &rotation, interleaved: true)
      attention.rotation = rotation
    }
    return attention
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard sizes.experts > 0, model.source.contains("blk.\(layer).ffn_gate_inp.weight") else {
      return .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer]))
    }
    return .mixture(
      try Qwen2MoE.mixture(model, sizes, layer, normalizes: true, needsShared: false))
  }
}

// MARK: Configuration

extension Qwen3Next {
  static let modelTypes = [
    "qwen3_next", "qwen3_5", "qwen3_5_text", "qwen3_5_moe", "qwen3_5_moe_text",
  ]

  static func defaults(_ modelType: String) -> [String: Int] {
    let hasExperts = modelType.contains("moe")
    return [
      "hidden_size": hasExperts ? 2048 : 4096, "intermediate_size": hasExperts ? 0 : 12288,
      "num_hidden_layers": hasExperts ? 40 : 32, "num_attention_heads": 16,
      "num_key_value_heads": hasExperts ? 2 : 4, "head_dim": 256, "vocab_size": 248_320,
      "num_experts": hasExperts ? 256 : 0, "num_experts_per_tok": 8,
      "moe_intermediate_size": 512, "shared_expert_intermediate_size": 512,
      "max_position_embeddings": 32768,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isNext = config.modelType == "qwen3_next"
    let hasExperts = isNext || config.modelType.contains("moe")
    var header = try HeaderBuilder(isNext ? names[0] : hasExperts ? names[2] : names[1], config)
    // Every published Qwen3-Next has a layer that predicts ahead, and no key that says so.
    try header.countLayersAhead(default: isNext ? 1 : 0)
    try header.commonKeys()
    let sizes = try stateSpace(config)
    let shared = try config.integer("shared_expert_intermediate_size", default: 0)
    if hasExperts { try header.mixtureKeys(shared: shared, weighing: false) }
    header.stateSpaceKeys(sizes)
    let recurrent = try recurrentLayers(&header)
    header.key(
      "rope.dimension_count", Int(Double(header.keySize) * header.rotaryPart(default: 0.25)))
    let bias = try config.flag("attention_bias", default: false)
    let hasGate = try config.flag("attn_output_gate", default: true)
    let isSparse = try Qwen2MoE.sparseLayers(header)
    func addLayer(_ header: inout HeaderBuilder, recurrent: Bool, sparse: Bool) throws(QuantError) {
      header.norm("attn_norm")
      if recurrent {
        header.deltaNet(sizes, isSplit: !isNext)
      } else {
        attention(&header, hasGate: hasGate, bias: bias)
      }
      header.norm("post_attention_norm")
      guard sparse else { return header.network() }
      header.mixture(try config.integer("moe_intermediate_size"))
      header.sharedNetwork(shared, router: true)
    }
    header.embedding()
    try header.eachLayer { (header, layer) throws(QuantError) in
      try addLayer(&header, recurrent: recurrent[layer], sparse: isSparse[layer])
    }
    try header.eachLayerAhead { (header, _) throws(QuantError) in
      try addLayer(&header, recurrent: false, sparse: hasExperts)
      header.aheadParts()
    }
    try header.output(tied: false)
    return header
  }

  /// Queries come with a gate of their own.
  private static func attention(_ header: inout HeaderBuilder, hasGate: Bool, bias: Bool) {
    let queries = (hasGate ? 2 : 1) * header.heads * header.keySize
    header.linear("attn_q", header.width, queries, bias: bias)
    header.linear("attn_k", header.width, header.keyValueHeads * header.keySize, bias: bias)
    header.linear("attn_v", header.width, header.keyValueHeads * header.keySize, bias: bias)
    header.linear("attn_output", header.heads * header.keySize, header.width, bias: bias)
    header.headNorms(.heads)
  }

  private static func stateSpace(
    _ config: ConfigurationReader
  ) throws(QuantError) -> StateSpaceSizes {
    var sizes = StateSpaceSizes()
    sizes.kernel = try config.integer("linear_conv_kernel_dim", default: 4)
    sizes.state = try config.integer("linear_key_head_dim", default: 128)
    sizes.groups = try config.integer("linear_num_key_heads", default: 16)
    sizes.rank = try config.integer("linear_num_value_heads", default: 32)
    sizes.inner = try config.integer("linear_value_head_dim", default: 128) * sizes.rank
    return sizes
  }

  private static func recurrentLayers(_ header: inout HeaderBuilder) throws(QuantError) -> [Bool] {
    let config = header.config
    let interval = max(1, try config.integer("full_attention_interval", default: 4))
    let types = config.texts("layer_types")
    var recurrent = (0..<header.layers).map { layer in
      types.map { layer < $0.count && $0[layer] == "linear_attention" }
        ?? ((layer + 1) % interval != 0)
    }
    recurrent += Array(repeating: false, count: header.layersAhead)
    header.key("attention.recurrent_layers", recurrent)
    header.key("full_attention_interval", interval)
    return recurrent
  }
}
