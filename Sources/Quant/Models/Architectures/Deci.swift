// SPDX-License-Identifier: MIT

/// Nemotron models made from Llama by search, with other heads and widths in every layer, and DeciLM.
///
/// A layer may lack attention, or have one product in its place. The reference passes layers over that lack
/// a network, with their attention if they have one.
enum Deci: EvaluableArchitecture {
  static let names = ["deci"]
  static let modelTypes = ["nemotron-nas", "deci", "deci_lm"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  /// Heads and width of one layer.
  private struct Layer {
    let heads: Int
    let keyValueHeads: Int
    let width: Int
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      guard sizes.feedForward[layer] > 0 else { return LayerGraph(steps: []) }
      let network = LayerStep(
        norm: try model.norm("blk.\(layer).ffn_norm", sizes),
        .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer])))
      guard sizes.heads[layer] > 0 else { return LayerGraph(steps: [network]) }
      let attention = LayerStep(
        norm: try model.norm("blk.\(layer).attn_norm", sizes),
        try attention(model, sizes, layer))
      return LayerGraph(steps: [attention, network])
    }
    return try model.graph(sizes, layers: layers)
  }

  /// Attention, or one product where there are no heads of keys and values.
  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard sizes.keyValueHeads[layer] > 0 else {
      return .product(
        try model.linear("blk.\(layer).attn_output", sizes.width, sizes.width))
    }
    return .attention(try model.attention(sizes, layer: layer, .neighbours))
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("deci", config)
    let layers = try layers(header)
    try header.commonKeys()
    header.key("attention.head_count", layers.map(\.heads))
    header.key("attention.head_count_kv", layers.map(\.keyValueHeads))
    header.key("feed_forward_length", layers.map(\.width))
    header.headKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    let bias = try config.flag("attention_bias", default: false)
    let networkBias = try config.flag("mlp_bias", default: false)
    header.rotationFrequencies()
    header.embedding()
    try header.eachLayer { header, index in
      let layer = layers[index]
      (header.heads, header.keyValueHeads) = (layer.heads, layer.keyValueHeads)
      if layer.keyValueHeads > 0 {
        header.norm("attn_norm")
        header.attention(bias: bias, outputBias: bias)
      } else if layer.heads > 0 {
        header.norm("attn_norm")
        header.linear("attn_output", header.width, header.width)
      }
      guard layer.width > 0 else { return }
      header.norm("ffn_norm")
      header.network(layer.width, bias: networkBias)
    }
    try header.output(tied: false)
    return header
  }

  private static func layers(_ header: HeaderBuilder) throws(QuantError) -> [Layer] {
    let config = header.config
    let blocks = config.objects("block_configs")
    guard blocks.isEmpty else { return try self.layers(blocks, header) }
    let shared =
      try config.integers("num_key_value_heads_per_layer", layers: header.layers)
      ?? Array(repeating: header.keyValueHeads, count: header.layers)
    return shared.map { Layer(heads: header.heads, keyValueHeads: $0, width: header.feedForward) }
  }

  private static func layers(
    _ blocks: [ConfigurationReader], _ header: HeaderBuilder
  ) throws(QuantError) -> [Layer] {
    var layers: [Layer] = []
    for block in blocks {
      let (attention, network) = (block.object("attention"), block.object("ffn"))
      let group = try attention?.optional("n_heads_in_group")
      let isLinear = try attention?.flag("replace_with_linear", default: false) ?? false
      let factor = network?.number("ffn_mult") ?? 0
      guard (0...1024).contains(factor) else { throw header.config.missing("ffn_mult") }
      let inner = Int(2 * factor * Double(header.width) / 3)
      for child in [block, attention, network] { child?.markAllRead() }
      layers.append(
        Layer(
          heads: group != nil || isLinear ? header.heads : 0,
          keyValueHeads: group.map { header.heads / max(1, $0) } ?? 0,
          width: (inner + 255) / 256 * 256))
    }
    guard layers.count == header.layers else {
      throw header.config.refused(
        "block_configs: expected \(header.layers) layers, found \(layers.count)")
    }
    return layers
  }
}
