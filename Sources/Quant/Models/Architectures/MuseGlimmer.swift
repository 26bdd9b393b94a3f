// SPDX-License-Identifier: MIT

/// Muse Glimmer: embeddings are normed, a gate multiplies what attention gives, and there are norms before
/// and behind. Every fourth layer sees everything and does not rotate; the others see a window.
enum MuseGlimmer: EvaluableArchitecture {
  static let names = ["muse-glimmer"]
  private static let slidingPeriod = 4

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: slidingPeriod) }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: slidingPeriod)
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let windows = try model.windows(sizes, period: slidingPeriod)
    let full = try model.rotation(.neighbours, headSize: sizes.keySize)
    let windowed = try model.windowRotation(full, base: full.base, keepsMagnitude: true)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(
        sizes, layer: layer, windows.isWindowed[layer] ? windowed : nil)
      attention.window = windows[layer]
      try model.headNorms(&attention, layer: layer, required: true)
      try model.gate(&attention, layer: layer)
      return try model.layer(
        layer, sizes, attention, try model.network(layer, sizes), behind: true, epsilon: 1e-8)
    }
    var graph = try model.graph(sizes, tied: false, layers: layers)
    graph.start.norm = Norm(weight: nil, bias: nil)
    graph.logitScale = try model.number("logit_scale")
    graph.logitCap = try model.number("final_logit_softcapping", default: 30)
    return graph
  }
}

// MARK: Configuration

extension MuseGlimmer {
  static let modelTypes = ["muse_glimmer", "muse_glimmer_text"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder(names[0], config)
    try header.commonKeys()
    header.headKeys()
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    if let isSliding = header.slidingLayers() {
      header.key("attention.sliding_window_pattern", isSliding)
    }
    config.ignore(
      "layer_types", "layer_rope_theta", "qk_scale_factor", "output_multiplier", "post_norm_eps")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(.heads)
      header.linear("attn_gate", header.width, header.heads * header.keySize)
      header.norm("post_attention_norm")
      header.norm("ffn_norm")
      header.network()
      header.norm("post_ffw_norm")
    }
    try header.output(tied: false)
    return header
  }
}
