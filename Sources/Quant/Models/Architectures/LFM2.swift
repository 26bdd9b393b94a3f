// SPDX-License-Identifier: MIT

/// LFM 2: most layers are short convolutions; the later ones may have experts.
enum LFM2: EvaluableArchitecture {
  static let names = ["lfm2", "lfm2moe"]
  static let modelTypes = ["lfm2", "lfm2_moe"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidesEverywhere: true) }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func dense(_ name: String) -> DenseForm? {
    name == "lfm2moe" ? DenseForm(architecture: "lfm2") : nil
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let kernel = try model.integer("shortconv.l_cache", in: 1...1024)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(steps: [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes.width),
          sizes.keyValueHeads[layer] > 0
            ? .attention(try attention(model, sizes, layer))
            : .shortConvolution(try convolution(model, sizes, kernel, layer))),
        LayerStep(
          norm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
          try network(model, sizes, layer)),
      ])
    }
    return try model.graph(sizes, outputNorm: "token_embd_norm", layers: layers)
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    var attention = try model.attention(sizes, layer: layer, .halves)
    try model.headNorms(&attention, layer: layer, required: true)
    let window = try model.integer("attention.sliding_window", default: 0)
    if model.architecture == "lfm2", window > 0 { attention.window = .sliding(window) }
    return attention
  }

  private static func convolution(
    _ model: ModelReader, _ sizes: ModelSizes, _ kernel: Int, _ layer: Int
  ) throws(QuantError) -> ShortConvolutionGraph {
    let (prefix, width) = ("blk.\(layer).shortconv.", sizes.width)
    return ShortConvolutionGraph(
      input: try model.linear("\(prefix)in_proj", width, 3 * width),
      convolution: try model.convolution("\(prefix)conv", size: kernel, channels: width),
      output: try model.linear("\(prefix)out_proj", width, width))
  }

  private static func network(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    let dense = try model.integer("leading_dense_block_count", default: 0)
    guard model.architecture == "lfm2moe", layer >= dense else {
      return .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer]))
    }
    _ = try model.integer("expert_gating_func", in: 1...4)
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: try model.expertWidth(sizes, layer: layer), fallback: .sigmoid,
      needsBias: false)
    (mixture.normalizes, mixture.weightScale) = (true, 1)
    return .mixture(mixture)
  }

  static func defaults(_ modelType: String) -> [String: Int] {
    modelType == "lfm2"
      ? [
        "hidden_size": 2560, "intermediate_size": 12288, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 65536,
        "max_position_embeddings": 128_000,
      ] : [:]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let hasExperts = config.modelType == "lfm2_moe"
    var header = try HeaderBuilder(hasExperts ? "lfm2moe" : "lfm2", config)
    if !hasExperts { header.feedForward = try networkWidth(header) }
    let attends = try attendingLayers(header)
    let kernel = try config.integer("conv_L_cache", default: 3)
    let dense = try config.integer("num_dense_layers", default: hasExperts ? 2 : 0)
    try keys(&header, attends, kernel, hasExperts ? dense : nil)
    let inner = try config.integer("moe_intermediate_size", default: 0)
    let choiceBias = try config.flag("use_expert_bias", default: true)
    config.ignore("conv_bias", "block_dim", "block_out_dim", "conv_dim", "conv_dim_out")
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      if attends[layer] { header.attention(.heads) } else { header.shortConvolution(kernel) }
      header.norm("ffn_norm")
      if hasExperts && layer >= dense {
        header.mixture(inner, choiceBias: choiceBias)
      } else {
        header.network()
      }
    }
    header.norm("token_embd_norm")
    try header.head(tied: try config.flag("tie_embedding", default: true))
    return header
  }

  private static func keys(
    _ header: inout HeaderBuilder, _ attends: [Bool], _ kernel: Int, _ dense: Int?
  ) throws(QuantError) {
    try header.commonKeys()
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count_kv", attends.map { $0 ? header.keyValueHeads : 0 })
    header.key("vocab_size", header.vocabulary)
    header.key("shortconv.l_cache", kernel)
    guard let dense else { return }
    try header.mixtureKeys(weighing: false)
    header.key("leading_dense_block_count", dense)
    header.key("expert_gating_func", 2)
  }

  private static func attendingLayers(_ header: HeaderBuilder) throws(QuantError) -> [Bool] {
    let config = header.config
    let (types, indices) = (config.texts("layer_types"), config.list("full_attn_idxs"))
    guard types != nil || indices != nil else { throw config.missing("layer_types") }
    return (0..<header.layers).map { layer in
      types.map { layer < $0.count && $0[layer] == "full_attention" }
        ?? indices?.contains(layer) ?? true
    }
  }

  /// The width that is stated is for a network without a gate, unless it says otherwise.
  private static func networkWidth(_ header: HeaderBuilder) throws(QuantError) -> Int {
    let config = header.config
    var inner = try config.integer("block_ff_dim", "intermediate_size", default: header.feedForward)
    guard try config.flag("block_auto_adjust_ff_dim", default: true) else { return inner }
    inner = 2 * inner / 3
    if let factor = config.number("block_ffn_dim_multiplier"), factor > 0, factor < 1024 {
      inner = Int(factor * Double(inner))
    }
    let multiple = max(1, try config.integer("block_multiple_of", default: 256))
    return (inner + multiple - 1) / multiple * multiple
  }
}
