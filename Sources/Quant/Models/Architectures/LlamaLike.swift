// SPDX-License-Identifier: MIT

/// Models that differ from Llama in how they compute, but not in what they store: only estimated.
enum LlamaLike: Architecture {
  static let names = [
    "baichuan", "internlm2", "xverse", "minicpm", "exaone", "llada", "dream", "qwen", "orion",
    "pangu-embedded", "llama-embed",
  ]
  static let modelTypes = [
    "baichuan", "internlm2", "internlm3", "xverse", "minicpm", "exaone", "llada", "Dream", "dream",
    "qwen", "orion", "PanguEmbedded", "pangu_embedded", "llama_bidirec",
  ]

  static func memory(_: String) -> MemoryTraits { .unknown }

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
