// SPDX-License-Identifier: MIT
internal import GGUF

/// BLOOM and MPT: positions by slopes on the scores.
enum Bloom: EvaluableArchitecture {
  static let names = ["bloom", "mpt"]
  static let modelTypes = ["bloom", "mpt"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    if model.architecture == "mpt" { return try mpt(model) }
    var graph = try model.plainGraph(
      LayerStyle(nil, slopeBias: 8, .gelu, isPlain: true), centered: true)
    graph.start.norm = try model.norm("token_embd_norm", graph.width, centered: true)
    return graph
  }

  /// MPT: no slopes but with a key, and perhaps learned positions, limits and norms of queries and keys.
  private static func mpt(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let style = LayerStyle(
      nil, slopeBias: try model.number("attention.max_alibi_bias", default: 0), .gelu,
      isPlain: true)
    let clamp = try model.number("attention.clamp_kqv", default: 0)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try refuseScales(model, layer)
      return try model.layer(sizes, layer, style) { (attention, _) throws(QuantError) in
        attention.clamp = max(0, clamp)
        guard model.source.contains("blk.\(layer).attn_q_norm.weight") else { return }
        try model.wholeNorms(&attention, layer: layer, centered: true)
      }
    }
    var graph = try model.graph(sizes, layers: layers)
    if model.source.contains("position_embd.weight") {
      graph.start.positions = try model.positions(sizes)
    }
    return graph
  }

  /// Factors that a method of quantization (AWQ) left between the products of networks.
  private static func refuseScales(_ model: ModelReader, _ layer: Int) throws(QuantError) {
    let name = "blk.\(layer).ffn.act.scales"
    guard !model.source.contains(name) else {
      throw .unsupported(
        "\(model.path): expected no factors between the products of networks, found \(name)")
    }
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isBloom = config.modelType == "bloom"
    var header = try HeaderBuilder(isBloom ? "bloom" : "mpt", config)
    header.feedForward = try config.integer("expansion_ratio", default: 4) * header.width
    if let attention = config.object("attn_config") {
      header.keyValueHeads = try attention.integer("kv_n_heads", default: header.heads)
      attention.markAllRead()
    }
    try header.commonKeys()
    header.key("context_length", try header.contextLength() ?? header.width)
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count_kv", header.keyValueHeads)
    config.ignore("embedding_fraction")
    for key in ["init_config", "ffn_config", "fc_type", "norm_type", "learned_pos_emb"] {
      config.object(key)?.markAllRead()
    }
    let hasBias = isBloom ? true : try !config.flag("no_bias", default: true)
    var form = LayerForm()
    (form.bias, form.outputBias, form.networkBias, form.normBias) =
      (hasBias, hasBias, hasBias, hasBias)
    (form.isFused, form.isGated) = (true, false)
    if isBloom { header.norm("token_embd_norm", bias: true) }
    try header.plainLayers(form)
    try header.output(tied: true, normBias: hasBias)
    return header
  }
}
