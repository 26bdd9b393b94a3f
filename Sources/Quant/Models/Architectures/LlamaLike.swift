// SPDX-License-Identifier: MIT

/// Models that store what Llama does, and differ in how they compute.
///
/// InternLM 2 and XVERSE are Llama by other names. Orion has LayerNorms; the first Qwen states twice the
/// width of its network; MiniCPM has factors on embeddings, on what is added, and on logits.
enum LlamaLike: EvaluableArchitecture {
  static let names = [
    "baichuan", "internlm2", "xverse", "minicpm", "exaone", "qwen", "orion", "pangu-embedded",
  ]
  static let modelTypes = [
    "baichuan", "internlm2", "internlm3", "xverse", "minicpm", "exaone", "qwen", "orion",
    "PanguEmbedded", "pangu_embedded",
  ]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    switch model.architecture {
    case "baichuan":
      [.count(rotated, "the rotation"), .count(sloped, "the position of tokens")]
    case "minicpm" where !model.has("residual_scale"):
      [LayerRule("the scale of residuals") { _, count in count }]
    default: []
    }
  }

  /// Layers of the Baichuan that rotates, and of the one with slopes: it is told by nothing else.
  private static let (rotated, sloped) = (32, 40)

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    switch model.architecture {
    case "minicpm": try scaled(model)
    case "qwen": try halved(model)
    case "baichuan": try baichuan(model)
    case "orion":
      try model.plainGraph(LayerStyle(.halves, isTied: false), centered: true)
    case "exaone", "pangu-embedded": try model.plainGraph(LayerStyle(.halves))
    default: try model.plainGraph(LayerStyle(.neighbours, isTied: false))
    }
  }

  private static func baichuan(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let count = try ModelSizes(model).layers
    return try model.plainGraph(
      LayerStyle(
        count == rotated ? .neighbours : nil, slopeBias: count == sloped ? 8 : 0, isTied: false))
  }

  private static func halved(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes),
        attention: try model.attention(sizes, layer: layer, .halves),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes),
        feedForward: .dense(
          try model.dense(layer: layer, sizes, width: sizes.feedForward[layer] / 2)))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  /// MiniCPM 1 and 2. Files without the factors are the first ones, made before there were keys for them.
  private static func scaled(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let residual = try model.number(
      "residual_scale", default: 1.4 / Float(sizes.layers).squareRoot())
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes),
        attention: try model.attention(sizes, layer: layer, .neighbours),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes),
        feedForward: try Llama.feedForward(model, sizes, layer),
        // The reference takes a factor of zero for none.
        residualScale: residual == 0 ? 1 : residual)
    }
    var graph = try model.graph(sizes, layers: layers)
    graph.embeddingScale = try model.number("embedding_scale", default: 12)
    try model.requirePositive("logit_scale")
    // What the key holds divides, and so does what stands in for it.
    graph.logitScale = 1 / (try model.number("logit_scale", default: 256 / Float(sizes.width)))
    return graph
  }

  private static let others = [
    "PanguEmbedded": "pangu-embedded", "pangu_embedded": "pangu-embedded", "Dream": "dream",
    "internlm3": "llama", "llama_bidirec": "llama-embed",
  ]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let name = others[config.modelType] ?? config.modelType
    var header = try HeaderBuilder(name, config)
    var form = LayerForm()
    switch name {
    case "qwen":
      // The width that is stated is that of gate and what it multiplies together.
      header.feedForward /= 2
      (form.bias, form.isFused) = (true, true)
      config.ignore("kv_channels", "no_bias")
    case "llada":
      header.feedForward = try config.integer("mlp_hidden_size", default: header.feedForward)
      header.vocabulary = try config.integer("embedding_size", default: header.vocabulary)
      markLLaDA(config)
    case "dream": form.bias = true
    case "orion": form.normBias = true
    case "minicpm":
      config.ignore("scale_emb", "dim_model_base", "scale_depth", "sparse_config")
    default: break
    }
    let isPangu = name == "pangu-embedded"
    form.bias = try config.flag("attention_bias", "bias", "qkv_bias", default: form.bias)
    form.outputBias = isPangu ? form.bias : try config.flag("bias", default: false)
    try header.commonKeys()
    if header.feedForward > 0 { header.key("feed_forward_length", header.feedForward) }
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    header.rotationFrequencies()
    header.rotationFactors()
    if name == "qwen" { form.outputBias = false }
    try header.plainLayers(form)
    try header.output(tied: name == "minicpm", normBias: form.normBias)
    return header
  }

  /// Settings of a training program that has several kinds of layers; all LLaDA models have one.
  private static func markLLaDA(_ config: ConfigurationReader) {
    config.ignore(
      "mlp_ratio", "block_type", "block_group_size", "attention_layer_norm", "weight_tying",
      "layer_norm_type", "layer_norm_with_affine", "attention_layer_norm_with_affine",
      "include_bias", "include_qkv_bias", "input_emb_norm", "multi_query_attention",
      "bias_for_layer_norm")
  }
}
