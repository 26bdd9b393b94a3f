// SPDX-License-Identifier: MIT

/// MiniMax M2: all query heads are normed together, and all key heads; half of each is rotated. The
/// experts' width is `feed_forward_length`.
enum MiniMaxM2: EvaluableArchitecture {
  static let names = ["minimax-m2"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.gating = .sigmoid
    return MemoryTraits(computation: computation)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.wholeNorms(&attention, layer: layer)
      var mixture = try model.keyedMixture(
        layer: layer, sizes, width: sizes.feedForward[layer], fallback: .sigmoid, needsBias: true)
      mixture.normalizes = true
      mixture.weightScale = 1
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .mixture(mixture))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }
}

// MARK: Configuration

extension MiniMaxM2 {
  static let modelTypes = ["minimax_m2"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("minimax-m2", config)
    try header.commonKeys()
    header.key("expert_feed_forward_length", header.feedForward)
    header.key(
      "rope.dimension_count", try config.integer("rotary_dim", default: header.keySize / 2))
    config.ignore(
      "use_qk_norm", "qk_norm_type", "use_routing_bias", "attn_type_list", "use_mtp",
      "num_mtp_modules", "mtp_transformer_layers", "shared_intermediate_size")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(.whole)
      header.norm("ffn_norm")
      header.mixture(header.feedForward, choiceBias: true)
    }
    try header.output(tied: false)
    return header
  }
}
