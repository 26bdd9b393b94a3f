// SPDX-License-Identifier: MIT

/// SmolLM 3: Llama without rotation in every fourth layer.
enum SmolLM3: EvaluableArchitecture {
  static let names = ["smollm3"]
  private static let unrotatedPeriod = 4

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.unrotatedPeriod = unrotatedPeriod
    return MemoryTraits(computation: computation)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? {
    LayerRule.every(unrotatedPeriod, "the rotation")
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let rotation = try model.rotation(.neighbours, headSize: sizes.keySize)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      let attention = try model.attention(
        sizes, layer: layer, (layer + 1) % unrotatedPeriod == 0 ? nil : rotation)
      return try model.layer(layer, sizes, attention, try model.network(layer, sizes))
    }
    return try model.graph(sizes, layers: layers)
  }
}

// MARK: Configuration

extension SmolLM3 {
  static let modelTypes = ["smollm3"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    config.ignore("layer_types")
    var header = try HeaderBuilder("smollm3", config)
    try header.commonKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    header.rotationFrequencies()
    try Llama.layers(&header)
    try header.output(tied: true)
    return header
  }
}
