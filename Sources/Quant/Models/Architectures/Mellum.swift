// SPDX-License-Identifier: MIT

/// Mellum 2: Qwen 3 with experts. With windows, every fourth layer sees everything, and only those rotate
/// as the file says.
enum Mellum: EvaluableArchitecture {
  static let names = ["mellum"]
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
      try model.headNorms(&attention, layer: layer, required: true)
      let mixture = try model.mixture(
        layer: layer, sizes, width: try model.expertWidth(sizes, layer: layer))
      return try model.layer(layer, sizes, attention, .mixture(mixture))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }
}

// MARK: Configuration

extension Mellum {
  static let modelTypes = ["mellum"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    config.ignore("mlp_layer_types")
    var header = try Qwen2MoE.mixture("mellum", config, norms: .heads, bias: false)
    let window = try config.integer("sliding_window", default: 0)
    guard window > 0, try config.flag("use_sliding_window", default: true) else { return header }
    header.key("attention.sliding_window", window)
    if let isSliding = header.slidingLayers() {
      header.key("attention.sliding_window_pattern", isSliding)
    }
    return header
  }
}
