// SPDX-License-Identifier: MIT

/// Maincoder: Llama whose query and key heads are normed, after rotation.
enum Maincoder: EvaluableArchitecture {
  static let names = ["maincoder"]
  static let modelTypes = ["maincoder"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.layer(sizes, layer, LayerStyle(.neighbours)) { (attention, _) throws(QuantError) in
        try model.headNorms(&attention, layer: layer, required: true)
        attention.rotatesFirst = true
      }
    }
    return try model.graph(sizes, layers: layers)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    config.ignore("use_qk_norm")
    var header = try Qwen3.configure("maincoder", config)
    header.headKeys()
    return header
  }
}
