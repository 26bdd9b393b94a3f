// SPDX-License-Identifier: MIT

/// K-EXAONE: experts and a network for all tokens beside them. Every fourth layer sees everything and
/// does not rotate; the others see a window.
enum EXAONEMoE: EvaluableArchitecture {
  static let names = ["exaone-moe"]
  private static let slidingPeriod = 4
  /// The size of windows where the file does not say.
  private static let window = 128

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(slidingPeriod: slidingPeriod, defaultWindow: window)
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: slidingPeriod, size: window)
  }

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let windows = try model.windows(sizes, period: slidingPeriod, size: window)
    let rotation = try model.rotation(.halves, headSize: sizes.keySize)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(
        sizes, layer: layer, windows.isWindowed[layer] ? rotation : nil)
      attention.window = windows[layer]
      try model.headNorms(&attention, layer: layer, required: true)
      let dense = try model.integer("leading_dense_block_count", default: 0)
      return try model.layer(
        layer, sizes, attention,
        layer < dense
          ? try model.network(layer, sizes)
          : .mixture(try model.sharingMixture(layer: layer, sizes, needsBias: false)))
    }
    return try model.graph(sizes, layers: layers)
  }
}

// MARK: Configuration

extension EXAONEMoE {
  static let modelTypes = ["exaone_moe"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("exaone-moe", config)
    try header.countLayersAhead()
    try EXAONE4.keys(&header)
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("num_shared_experts", default: 1) * inner
    try header.mixtureKeys(shared: shared)
    let listed = config.value("is_moe_layer")?.list?.map { $0.flag ?? false }
    let dense = try header.leadingDenseLayers()
    header.key("leading_dense_block_count", dense)
    func addLayer(_ header: inout HeaderBuilder, sparse: Bool) {
      header.norm("attn_norm")
      header.attention(.heads)
      header.norm("ffn_norm")
      guard sparse else { return header.network() }
      header.mixture(inner, choiceBias: true)
      header.sharedNetwork(shared)
    }
    header.embedding()
    try header.eachLayer { header, layer in
      addLayer(
        &header, sparse: listed.map { layer < $0.count && $0[layer] } ?? (layer >= dense))
    }
    try header.eachLayerAhead { header, _ in
      addLayer(&header, sparse: false)
      header.aheadParts()
    }
    try header.output(tied: false)
    return header
  }
}
