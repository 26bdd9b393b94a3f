// SPDX-License-Identifier: MIT

/// Phi 1 to 2: attention and network side by side, biases everywhere.
enum Phi2: EvaluableArchitecture {
  static let names = ["phi2"]
  static let modelTypes = ["phi", "phi-msft"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let style = LayerStyle(.halves, .gelu, isPlain: true)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.parallelLayer(sizes, layer, style)
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("phi2", config)
    if header.feedForward == 0 { header.feedForward = 4 * header.width }
    try header.commonKeys()
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count_kv", header.keyValueHeads)
    header.key(
      "rope.dimension_count",
      Int(header.rotaryPart(default: 0.4) * Double(header.width)) / max(1, header.heads))
    config.ignore("qk_layernorm", "rotary_dim")
    var form = LayerForm()
    (form.bias, form.outputBias, form.networkBias, form.normBias) = (true, true, true, true)
    (form.hasNetworkNorm, form.isGated) = (false, false)
    try header.plainLayers(form)
    try header.output(tied: false, bias: true, normBias: true)
    return header
  }
}
