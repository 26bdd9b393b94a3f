// SPDX-License-Identifier: MIT
internal import GGUF

/// PLaMo 1 and 3: the first has attention and network side by side, the third has windows, norms of heads
/// and norms before and after both.
enum PLaMo: EvaluableArchitecture {
  static let names = ["plamo", "plamo3"]
  static let modelTypes = ["plamo", "plamo3"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  /// Layers of which one sees everything.
  private static let period = 8

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    model.architecture == "plamo" ? [] : try model.windowRules(period: period)
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    guard model.architecture == "plamo" else { return try windowed(model) }
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.parallelLayer(sizes, layer, LayerStyle(.halves))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  private static func windowed(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let window = try model.integer("attention.sliding_window", default: 0)
    let isWindowed = try model.windowedLayers(sizes, pattern: period)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.headNorms(&attention, layer: layer, required: true)
      if window > 0, isWindowed[layer] {
        attention.window = .sliding(window)
        try setBase(of: &attention.rotation, model)
      }
      let dense = try model.dense(layer: layer, sizes, width: sizes.feedForward[layer])
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes), attention: attention,
        attentionPostNorm: try postNorm("blk.\(layer).post_attention_norm", model, sizes),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes),
        feedForward: .dense(dense),
        feedForwardPostNorm: try postNorm("blk.\(layer).post_ffw_norm", model, sizes))
    }
    return try model.graph(sizes, layers: layers)
  }

  /// Windowed layers have a base of their own. What becomes of other scaling is not known.
  private static func setBase(
    of rotation: inout Rotation?, _ model: ModelReader
  ) throws(QuantError) {
    guard case .linear(1)? = rotation?.scaling else {
      throw .unsupported(
        "\(model.path): expected no scaling of the rotation beside windows, found"
          + " \(model.architecture).rope.scaling keys")
    }
    try model.requirePositive("rope.freq_base_swa")
    rotation?.base = try model.number("rope.freq_base_swa")
  }

  /// A norm whose tensor has no suffix in the converter's files.
  private static func postNorm(
    _ name: String, _ model: ModelReader, _ sizes: ModelSizes
  ) throws(QuantError) -> Norm {
    guard let weight = try model.optional(name, [sizes.width]) else {
      return try model.norm(name, sizes)
    }
    return Norm(weight: weight, bias: nil)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    config.modelType == "plamo" ? try first(config) : try third(config)
  }

  private static func first(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("plamo", config)
    // The key says something else than the weights.
    header.keyValueHeads = try header.heads / max(1, config.integer("n_shared_head", default: 8))
    try header.commonKeys()
    header.key("context_length", 4096)
    header.key("attention.head_count_kv", header.keyValueHeads)
    var form = LayerForm()
    form.hasNetworkNorm = false
    try header.plainLayers(form)
    try header.output(tied: false)
    return header
  }

  private static func third(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("plamo3", config)
    try header.commonKeys()
    header.headKeys()
    if let window = try config.optional("window_size", "sliding_window") {
      header.key("attention.sliding_window", window)
    }
    let period = try config.integer("sliding_window_pattern", default: 8)
    header.key("attention.sliding_window_pattern", period)
    config.ignore("interleaved_sliding_window")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.fusedAttention()
      header.headNorms(.heads)
      header.norm("post_attention_norm")
      header.norm("ffn_norm")
      header.network(fused: true)
      header.norm("post_ffw_norm")
    }
    try header.output(tied: false)
    return header
  }
}
