// SPDX-License-Identifier: MIT

/// OpenELM: heads and widths grow from layer to layer.
enum OpenELM: EvaluableArchitecture {
  static let names = ["openelm"]
  static let modelTypes = ["openelm"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.layer(sizes, layer, LayerStyle(.halves)) { (attention, _) throws(QuantError) in
        try model.headNorms(&attention, layer: layer, required: true)
      }
    }
    return try model.graph(sizes, layers: layers)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let count = try config.integer("num_transformer_layers")
    guard let heads = try config.integers("num_query_heads", layers: count),
      let shared = try config.integers("num_kv_heads", layers: count)
    else { throw config.missing("num_query_heads") }
    var header = try HeaderBuilder("openelm", config, heads: heads.max() ?? 1)
    let widths = try networkWidths(header)
    try header.commonKeys()
    header.headKeys()
    header.key("attention.head_count", heads)
    header.key("attention.head_count_kv", shared)
    header.key("feed_forward_length", widths)
    header.key("rope.dimension_count", header.keySize)
    config.ignore(
      "normalize_qk_projections", "num_gqa_groups", "ffn_with_glu", "qkv_multipliers",
      "share_input_output_layers", "normalization_layer_name")
    header.embedding()
    try header.eachLayer { header, layer in
      (header.heads, header.keyValueHeads) = (heads[layer], shared[layer])
      header.norm("attn_norm")
      header.fusedAttention()
      header.headNorms(.heads)
      header.norm("ffn_norm")
      header.network(widths[layer])
    }
    header.tiedOutput()
    return header
  }

  private static func networkWidths(_ header: HeaderBuilder) throws(QuantError) -> [Int] {
    let divisor = max(1, try header.config.integer("ffn_dim_divisor", default: 256))
    let factors = header.config.numbers("ffn_multipliers") ?? []
    guard factors.count >= header.layers, factors.allSatisfy({ (0...1024).contains($0) }) else {
      throw header.config.refused(
        "ffn_multipliers: expected a number for each of \(header.layers) layers")
    }
    return factors.prefix(header.layers).map { factor in
      let wanted = factor * Double(header.width)
      let rounded = max(divisor, Int(wanted + Double(divisor) / 2) / divisor * divisor)
      return Double(rounded) < 0.9 * wanted ? rounded + divisor : rounded
    }
  }
}
