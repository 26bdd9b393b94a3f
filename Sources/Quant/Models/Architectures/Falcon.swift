// SPDX-License-Identifier: MIT
internal import GGUF

/// Falcon 7B, 40B and 180B: attention and network side by side, with one norm for both or two.
enum Falcon: EvaluableArchitecture {
  static let names = ["falcon"]
  static let modelTypes = ["falcon", "RefinedWeb", "RefinedWebModel"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let style = LayerStyle(.halves, .gelu, isPlain: true)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      model.source.contains("blk.\(layer).attn_norm_2.weight")
        ? try model.parallelLayer(
          sizes, layer, style, norm: "attn_norm_2", networkNorm: "attn_norm")
        : try model.parallelLayer(sizes, layer, style)
    }
    return try model.graph(sizes, layers: layers)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("falcon", config)
    let isNew = try config.flag(
      "new_decoder_architecture", default: config.modelType == "RefinedWeb")
    let sharesHead = try config.flag("multi_query", default: true)
    if !isNew { header.keyValueHeads = sharesHead ? 1 : header.heads }
    header.feedForward = try config.integer("ffn_hidden_size", default: 4 * header.width)
    try header.commonKeys()
    header.key("context_length", 2048)
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count_kv", header.keyValueHeads)
    let bias = try config.flag("bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm", bias: true)
      if isNew { header.norm("attn_norm_2", bias: true) }
      header.fusedAttention(bias: bias, outputBias: bias)
      header.network(gated: false, bias: bias)
    }
    try header.output(tied: false, normBias: true)
    return header
  }
}
