// SPDX-License-Identifier: MIT

/// GLM-4 and GLM-4-0414: feed-forward networks whose gate is part of the product before it; the
/// last has norms behind attention and network, too.
enum GLM4: EvaluableArchitecture {
  static let names = ["glm4"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let rotation = try rotation(model, sizes)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.layer(
        layer, sizes, try model.attention(sizes, layer: layer, rotation),
        try model.network(layer, sizes), behind: true)
    }
    return try model.graph(sizes, layers: layers)
  }

  /// Neighbours are turned together, but halves where images have positions of their own.
  private static func rotation(
    _ model: ModelReader, _ sizes: ModelSizes
  ) throws(QuantError) -> Rotation {
    let key = "rope.dimension_sections"
    guard model.has(key),
      try model.integers(key, layers: 4, in: 0...65_535).prefix(2).allSatisfy({ $0 > 0 })
    else { return try model.rotation(.neighbours, headSize: sizes.keySize) }
    var rotation = try model.rotation(.halves, headSize: sizes.keySize)
    try model.setSections(of: &rotation, interleaved: false)
    return rotation
  }
}

// MARK: Configuration

extension GLM4 {
  static let modelTypes = [
    "glm4", "glm4v", "glm4v_text", "glm_ocr", "glm_ocr_text", "glm46v",
  ]

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 4096, "intermediate_size": 13696, "num_hidden_layers": 40,
      "num_attention_heads": 32, "num_key_value_heads": 2, "vocab_size": 151_552,
      "max_position_embeddings": 32768,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    switch config.modelType {
    case "chatglm": try chat(config)
    case "glm": try plain(config)
    default: try sandwiched(config)
    }
  }

  /// Remote code's names; queries, keys and values are one product.
  private static func chat(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("chatglm", config)
    if let size = try config.optional("kv_channels") {
      (header.keySize, header.valueSize) = (size, size)
    }
    header.vocabulary = try config.integer("padded_vocab_size", default: header.vocabulary)
    let groups = try config.integer("multi_query_group_num", default: header.heads)
    header.keyValueHeads =
      try config.flag("multi_query_attention", default: true) ? groups : header.heads
    config.ignore("post_layer_norm", "rmsnorm", "prefix_projection", "pre_seq_len")
    try keys(&header)
    header.key("attention.head_count_kv", header.keyValueHeads)
    let bias = try config.flag("add_qkv_bias", default: true)
    let networkBias = try config.flag("add_bias_linear", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.fusedAttention(bias: bias, outputBias: networkBias)
      header.norm("ffn_norm")
      header.network(fused: true, bias: networkBias)
    }
    try header.output(tied: false)
    return header
  }

  private static func plain(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("chatglm", config)
    try keys(&header)
    let bias = try config.flag("attention_bias", default: true)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias)
      header.norm("ffn_norm")
      header.network(fused: true)
    }
    try header.output(tied: false)
    return header
  }

  /// Norms before and after attention and network.
  private static func sandwiched(
    _ config: ConfigurationReader
  ) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("glm4", config)
    if config.modelType.hasPrefix("glm_ocr") { try header.countLayersAhead() }
    try keys(&header)
    let bias = try config.flag("attention_bias", default: config.isNested)
    func addLayer(_ header: inout HeaderBuilder) {
      header.norm("attn_norm")
      header.attention(bias: bias)
      header.norm("post_attention_norm")
      header.norm("ffn_norm")
      header.network(fused: true)
      header.norm("post_ffw_norm")
    }
    header.embedding()
    try header.eachLayer { header, _ in addLayer(&header) }
    try header.eachLayerAhead { header, _ in
      addLayer(&header)
      header.aheadParts(ownHead: true)
    }
    try header.output(tied: false)
    return header
  }

  private static func keys(_ header: inout HeaderBuilder) throws(QuantError) {
    try header.commonKeys()
    header.key(
      "rope.dimension_count", Int(Double(header.keySize) * header.rotaryPart(default: 0.5)))
    _ = header.config.value("head_dim")
  }
}
