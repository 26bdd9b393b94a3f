// SPDX-License-Identifier: MIT

/// Seed-OSS: biases on queries, keys and values.
enum SeedOSS: EvaluableArchitecture {
  static let names = ["seed_oss"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard))
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.layer(
        layer, sizes, try model.attention(sizes, layer: layer, .halves),
        try model.network(layer, sizes), networkNorm: "post_attention_norm")
    }
    return try model.graph(sizes, layers: layers)
  }
}

// MARK: Configuration

extension SeedOSS {
  static let modelTypes = ["seed_oss"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("seed_oss", config)
    try header.commonKeys()
    let bias = try config.flag("attention_bias", default: true)
    let outputBias = try config.flag("attention_out_bias", default: false)
    let networkBias = try config.flag("mlp_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: outputBias)
      header.norm("post_attention_norm")
      header.network(bias: networkBias)
    }
    try header.output(tied: false)
    return header
  }
}
