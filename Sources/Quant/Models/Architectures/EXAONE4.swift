// SPDX-License-Identifier: MIT

/// EXAONE 4: norms behind attention and network alone. In models of 64 layers, every fourth sees
/// everything and does not rotate; the others see a window.
enum EXAONE4: EvaluableArchitecture {
  static let names = ["exaone4"]
  /// Programs look for windows in models of so many layers alone.
  private static let withWindows = 64
  private static let slidingPeriod = 4

  /// The size of windows where the file does not say.
  private static let window = 4096

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(
      slidingPeriod: slidingPeriod, defaultWindow: window, layersWithWindows: withWindows)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? {
    [.count(withWindows, "the sliding window")]
  }

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let rotation = try model.rotation(.halves, headSize: sizes.keySize)
    let windows =
      sizes.layers == withWindows
      ? try model.windows(sizes, period: slidingPeriod, size: window) : LayerWindows.none(sizes)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      let rotates = windows.isWindowed[layer] || !windows.exist
      var attention = try model.attention(sizes, layer: layer, rotates ? rotation : nil)
      attention.window = windows[layer]
      try model.headNorms(&attention, layer: layer, required: true)
      return try model.layer(
        layer, sizes, attention, try model.network(layer, sizes), before: false, behind: true)
    }
    return try model.graph(sizes, layers: layers)
  }
}

// MARK: Configuration

extension EXAONE4 {
  static let modelTypes = ["exaone4", "exaone4_5"]

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 4096, "intermediate_size": 16384, "num_hidden_layers": 32,
      "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 102_400,
      "sliding_window": 4096, "max_position_embeddings": 2048,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("exaone4", config)
    if config.modelType == "exaone4_5" { try header.countLayersAhead() }
    try keys(&header)
    func addLayer(_ header: inout HeaderBuilder) {
      header.attention(.heads)
      header.norm("post_attention_norm")
      header.network()
      header.norm("post_ffw_norm")
    }
    header.embedding()
    try header.eachLayer { header, _ in addLayer(&header) }
    try header.eachLayerAhead { header, _ in
      addLayer(&header)
      header.aheadParts()
    }
    try header.output(tied: false)
    return header
  }

  /// Sets the keys of EXAONE 4, and adds the frequencies of its rotation.
  static func keys(_ header: inout HeaderBuilder) throws(QuantError) {
    let config = header.config
    try header.commonKeys()
    header.key("vocab_size", header.vocabulary)
    if let window = try config.optional("sliding_window") {
      header.key("attention.sliding_window", window)
      if let isSliding = header.slidingLayers() ?? patternedLayers(header) {
        header.key("attention.sliding_window_pattern", isSliding)
      }
    }
    config.ignore("sliding_window_pattern", "layer_types")
    header.rotationFrequencies()
  }

  /// By a text such as `LLLG`, or by the period.
  private static func patternedLayers(_ header: HeaderBuilder) -> [Bool]? {
    let pattern = header.config.value("sliding_window_pattern")
    if let letters = pattern?.text.map(Array.init), !letters.isEmpty {
      return (0..<header.layers).map { letters[$0 % letters.count] == "L" }
    }
    return pattern?.integer.flatMap { period in
      period > 0 ? (0..<header.layers).map { ($0 + 1) % period != 0 } : nil
    }
  }
}
