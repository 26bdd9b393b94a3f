// SPDX-License-Identifier: MIT

/// OLMo 2 and 3: every fourth layer sees everything, the others a window. Only estimated.
enum OLMo2: Architecture {
  static let names = ["olmo2"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: 4) }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: 4)
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
