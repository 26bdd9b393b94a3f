// SPDX-License-Identifier: MIT
internal import GGUF

/// StableLM: norms with biases; the largest norms heads and has attention and network side by side.
enum StableLM: EvaluableArchitecture {
  static let names = ["stablelm"]
  static let modelTypes = ["stablelm", "stablelm_epoch"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let style = LayerStyle(.halves)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      guard model.source.contains("blk.\(layer).ffn_norm.weight") else {
        return try model.parallelLayer(sizes, layer, style) { (attention) throws(QuantError) in
          try model.normsOfEachHead(&attention, layer: layer, centered: true)
        }
      }
      return try model.layer(sizes, layer, style) { (attention, _) throws(QuantError) in
        try model.normsOfEachHead(&attention, layer: layer, centered: true)
      }
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("stablelm", config)
    try header.commonKeys()
    header.key(
      "rope.dimension_count", Int(header.rotaryPart(default: 0.25) * Double(header.keySize)))
    let isParallel = try config.flag("use_parallel_residual", default: false)
    let norms = try config.flag("qk_layernorm", default: false)
    let bias = try config.flag("use_qkv_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm", bias: true)
      header.attention(bias: bias)
      if norms {
        header.tensor("attn_q_norm.weight", header.keySize, header.heads)
        header.tensor("attn_k_norm.weight", header.keySize, header.keyValueHeads)
      }
      if !isParallel { header.norm("ffn_norm", bias: true) }
      header.network()
    }
    try header.output(tied: false, normBias: true)
    return header
  }
}
