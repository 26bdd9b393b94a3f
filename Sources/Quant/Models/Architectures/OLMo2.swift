// SPDX-License-Identifier: MIT

/// OLMo 2 and 3: norms behind attention and network alone, and of all query heads together. With
/// windows, every fourth layer sees everything, and only those rotate as the file says.
enum OLMo2: EvaluableArchitecture {
  static let names = ["olmo2"]
  private static let slidingPeriod = 4

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: slidingPeriod) }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: slidingPeriod)
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let windows = try model.windows(sizes, period: slidingPeriod, size: 0)
    let full = try model.rotation(.halves, headSize: sizes.keySize)
    let windowed = try model.windowRotation(full, base: nil)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(
        sizes, layer: layer, windows.isWindowed[layer] ? windowed : full)
      attention.window = windows[layer]
      try model.wholeNorms(&attention, layer: layer)
      return try model.layer(
        layer, sizes, attention, try model.network(layer, sizes), before: false, behind: true)
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }
}

// MARK: Configuration

extension OLMo2 {
  static let modelTypes = ["olmo2", "olmo3"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("olmo2", config)
    try header.commonKeys()
    if config.modelType == "olmo3", let window = try config.optional("sliding_window"), window > 0 {
      header.key("attention.sliding_window", window)
      header.key(
        "attention.sliding_window_pattern",
        header.slidingLayers() ?? (0..<header.layers).map { $0 % 4 != 3 })
    }
    config.ignore("layer_types")
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.attention(.whole, bias: bias, outputBias: bias)
      header.norm("post_attention_norm")
      header.network()
      header.norm("post_ffw_norm")
    }
    try header.output(tied: false)
    return header
  }
}
