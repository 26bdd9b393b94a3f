// SPDX-License-Identifier: MIT

/// GPT-NeoX and Pythia: attention and network side by side, or one after the other, as a key says.
enum GPTNeoX: EvaluableArchitecture {
  static let names = ["gptneox"]
  static let modelTypes = ["gpt_neox"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let style = LayerStyle(.halves, .gelu, isPlain: true)
    let isParallel = try model.flag("use_parallel_residual", default: true)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      isParallel
        ? try model.parallelLayer(sizes, layer, style, networkNorm: "ffn_norm")
        : try model.layer(sizes, layer, style)
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("gptneox", config)
    try header.commonKeys()
    header.key(
      "rope.dimension_count", Int(header.rotaryPart(default: 0.25) * Double(header.keySize)))
    config.ignore("use_parallel_residual", "attention_bias")
    var form = LayerForm()
    (form.bias, form.outputBias, form.networkBias, form.normBias) = (true, true, true, true)
    (form.isFused, form.isGated) = (true, false)
    try header.plainLayers(form)
    try header.output(tied: false, normBias: true)
    return header
  }
}
