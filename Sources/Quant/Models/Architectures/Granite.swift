// SPDX-License-Identifier: MIT

/// Granite 3 and the hybrids of Granite 4, whose layers are Mamba 2 but for a few.
enum Granite: EvaluableArchitecture {
  static let names = ["granite", "granitehybrid", "granite_swa"]
  static let modelTypes = ["granite", "granitemoehybrid", "bamba", "granite_swa"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let isHybrid = model.architecture == "granitehybrid"
    let sizes = try ModelSizes(model)
    let spaces = isHybrid ? try StateSpaces(model, hasHeads: true) : nil
    let residualScale = try factor(model, "residual_scale")
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      let mixer: BlockGraph =
        if let spaces, sizes.keyValueHeads[layer] == 0 {
          .mamba2(try model.mamba2(layer: layer, sizes, spaces))
        } else {
          .attention(try attention(model, sizes, layer))
        }
      return LayerGraph(steps: [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes.width), mixer,
          scale: residualScale),
        LayerStep(
          norm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
          try network(model, sizes, layer), scale: residualScale),
      ])
    }
    var graph = try model.graph(sizes, layers: layers)
    graph.embeddingScale = try factor(model, "embedding_scale")
    let divisor = try model.number("logit_scale", default: isHybrid ? 0 : nil)
    graph.logitScale = divisor == 0 ? 1 : 1 / divisor
    return graph
  }

  /// A factor, for which 0 stands for none.
  private static func factor(_ model: ModelReader, _ key: String) throws(QuantError) -> Float {
    let factor = try model.number(key, default: 1)
    return factor == 0 ? 1 : factor
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    let isWindowed = model.architecture == "granite_swa"
    let key = "attention.rope_pattern"
    var rotates = try model.flag("rope.scaling.finetuned", default: true)
    if isWindowed, model.has(key), try !model.flags(key, layers: sizes.layers)[layer] {
      rotates = false
    }
    let rotation = rotates ? try model.rotation(.neighbours, headSize: sizes.keySize) : nil
    var attention = try model.attention(sizes, layer: layer, rotation)
    let scale = try model.number("attention.scale", default: 0)
    if scale != 0 { attention.scale = scale }
    guard isWindowed else { return attention }
    attention.sinks = try model.tensor("blk.\(layer).attn_sinks.weight", [attention.heads])
    let window = try model.integer("attention.sliding_window")
    let flags = try model.flags("attention.sliding_window_pattern", layers: sizes.layers)
    if window > 0, flags[layer] {
      attention.window = .sliding(window)
    }
    return attention
  }

  private static func network(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    let width = sizes.feedForward[layer]
    guard sizes.experts > 0 else {
      return .dense(try model.dense(layer: layer, sizes, width: width))
    }
    var mixture = try model.mixture(layer: layer, sizes, width: width)
    let shared = try model.integer("expert_shared_feed_forward_length", default: 0)
    if shared > 0 {
      mixture.shared = try model.dense(layer: layer, suffix: "_shexp", sizes, width: shared)
    }
    return .mixture(mixture)
  }

  static func defaults(_: String) -> [String: Int] { Llama.defaults("llama") }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    if config.modelType == "granite" { return try configure("granite", config) }
    if config.modelType == "granite_swa" { return try windowed(config) }
    let types = config.texts("layer_types", "layers_block_type") ?? []
    let attending = config.list("attn_layer_indices")
    let layers = try config.integer("num_hidden_layers")
    let isRecurrent = (0..<layers).map { layer in
      attending.map { !$0.contains(layer) }
        ?? (layer < types.count ? !types[layer].contains("attention") : true)
    }
    if isRecurrent.contains(true) { return try hybrid(config, isRecurrent) }
    let experts = try config.integer("num_local_experts", default: 0)
    return try configure(experts > 0 ? GraniteMoE.names[0] : "granite", config)
  }

  /// Granite without states.
  static func configure(
    _ name: String, _ config: ConfigurationReader
  ) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder(name, config)
    markStateKeys(config)
    try keys(&header)
    header.rotationFrequencies()
    let bias = try config.flag("attention_bias", default: false)
    let shared = try config.integer("shared_intermediate_size", default: 0)
    let networkBias = try config.flag("mlp_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      network(&header, shared, bias: networkBias)
    }
    try header.output(tied: name == GraniteMoE.names[0])
    return header
  }

  private static func windowed(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try configure("granite_swa", config)
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    if let isSliding = header.slidingLayers() {
      header.key("attention.sliding_window_pattern", isSliding)
    }
    return header
  }

  private static func keys(_ header: inout HeaderBuilder) throws(QuantError) {
    let config = header.config
    // Heads have the usual size, whatever else is said.
    header.keySize = header.width / max(1, header.heads)
    header.valueSize = header.keySize
    try header.commonKeys()
    header.removeKey("attention.key_length")
    header.removeKey("attention.value_length")
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    header.key("attention.scale", fraction: config.number("attention_multiplier"))
    header.key("embedding_scale", fraction: config.number("embedding_multiplier"))
    header.key("residual_scale", fraction: config.number("residual_multiplier"))
    header.key("logit_scale", fraction: config.number("logits_scaling"))
    let shared = try config.integer("shared_intermediate_size", default: 0)
    if header.architecture != "granite" {
      header.key("expert_shared_feed_forward_length", shared > 0 ? shared : nil)
    }
  }

  /// Without experts, what stands for a shared one is the plain network.
  private static func network(_ header: inout HeaderBuilder, _ shared: Int, bias: Bool = false) {
    guard header.experts > 0 else { return header.network(shared > 0 ? shared : nil, bias: bias) }
    header.mixture(header.feedForward)
    header.sharedNetwork(shared)
  }

  private static func hybrid(
    _ config: ConfigurationReader, _ isRecurrent: [Bool]
  ) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("granitehybrid", config)
    try keys(&header)
    let sizes = try stateSpace(header)
    header.key("context_length", 1 << 20)
    header.key("rope.scaling.finetuned", false)
    header.key("attention.head_count_kv", isRecurrent.map { $0 ? 0 : header.keyValueHeads })
    header.stateSpaceKeys(sizes)
    let shared = try config.integer("shared_intermediate_size", default: 0)
    let bias = try config.flag("attention_bias", default: false)
    let convolutionBias = try config.flag("mamba_conv_bias", default: true)
    markStateKeys(config)
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      if isRecurrent[layer] {
        header.mamba2(sizes, convolutionBias: convolutionBias)
      } else {
        header.attention(bias: bias, outputBias: bias)
      }
      header.norm("ffn_norm")
      network(&header, shared)
    }
    try header.output(tied: true)
    return header
  }

  private static func stateSpace(_ header: HeaderBuilder) throws(QuantError) -> StateSpaceSizes {
    let config = header.config
    var sizes = StateSpaceSizes()
    sizes.kernel = try config.integer("mamba_d_conv", default: 4)
    sizes.state = try config.integer("mamba_d_state", default: 256)
    sizes.groups = try config.integer("mamba_n_groups", default: 1)
    sizes.rank = try config.integer("mamba_n_heads", default: 128)
    sizes.inner = try config.integer("mamba_expand", default: 2) * header.width
    config.ignore("mamba_d_head")
    return sizes
  }

  private static func markStateKeys(_ config: ConfigurationReader) {
    config.ignore(
      "mamba_d_conv", "mamba_d_state", "mamba_n_groups", "mamba_n_heads", "mamba_expand",
      "mamba_d_head", "mamba_conv_bias", "mamba_proj_bias", "position_embedding_type",
      "normalization_function")
  }
}
