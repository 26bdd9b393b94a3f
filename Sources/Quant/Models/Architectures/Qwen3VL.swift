// SPDX-License-Identifier: MIT

/// Qwen 3 with images, dense and with experts: rotated by three positions that are alike for text. Deep
/// layers of the image encoder, which are added to the first layers, do nothing for text.
enum Qwen3VL: EvaluableArchitecture {
  static let names = ["qwen3vl", "qwen3vlmoe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func dense(_ name: String) -> DenseForm? {
    name == "qwen3vlmoe" ? DenseForm(architecture: "qwen3vl") : nil
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    var rotation = try model.rotation(.halves, headSize: sizes.keySize)
    try model.setSections(of: &rotation, interleaved: true)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, rotation)
      try model.headNorms(&attention, layer: layer, required: true)
      return try model.layer(
        layer, sizes, attention,
        model.architecture == "qwen3vlmoe"
          ? .mixture(
            try model.mixture(
              layer: layer, sizes, width: try model.expertWidth(sizes, layer: layer)))
          : try model.network(layer, sizes))
    }
    return try model.graph(sizes, layers: layers)
  }
}

// MARK: Configuration

extension Qwen3VL {
  static let modelTypes = [
    "qwen3_vl", "qwen3_vl_text", "qwen3_vl_moe", "qwen3_vl_moe_text", "qwen3_omni_moe",
    "qwen3_omni_moe_thinker", "qwen3_omni_moe_text", "qwen3_asr",
  ]

  static func defaults(_ modelType: String) -> [String: Int] {
    modelType.contains("moe") ? Qwen3.defaults("qwen3_moe") : Qwen3.defaults
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header =
      config.modelType.contains("moe")
      ? try Qwen2MoE.mixture("qwen3vlmoe", config, norms: .heads, bias: false)
      : try Qwen3.configure("qwen3vl", config)
    let levels = config.object("vision_config")?.list("deepstack_visual_indexes")
    header.key("n_deepstack_layers", levels?.count ?? 0)
    return header
  }
}
