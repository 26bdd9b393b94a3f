// SPDX-License-Identifier: MIT

/// BitNet: weights of three values, with norms within attention and network.
enum BitNet: EvaluableArchitecture {
  static let names = ["bitnet"]
  static let modelTypes = ["bitnet"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let style = LayerStyle(.halves, try activation(model))
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.layer(sizes, layer, style) { (attention, dense) throws(QuantError) in
        let values = attention.heads * attention.valueSize
        attention.innerNorm = try model.norm("blk.\(layer).attn_sub_norm", values)
        dense.innerNorm = try model.norm("blk.\(layer).ffn_sub_norm", dense.width)
      }
    }
    return try model.graph(sizes, layers: layers)
  }

  /// Files of the first models lack the key.
  private static func activation(_ model: ModelReader) throws(QuantError) -> Activation {
    switch model.text("hidden_activation") ?? "silu" {
    case "silu", "swish", "swiglu": return .silu
    case "relu2", "relu_sqr": return .reluSquared
    case let name:
      throw .unsupported(
        "\(model.path): expected silu or relu2 for the key"
          + " \(model.architecture).hidden_activation, found \"\(name)\"")
    }
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("bitnet", config)
    try header.commonKeys()
    config.ignore("weight_bits", "input_bits")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention()
      header.norm("attn_sub_norm")
      header.norm("ffn_norm")
      header.network()
      header.norm("ffn_sub_norm", header.feedForward)
    }
    header.tiedOutput()
    return header
  }
}
