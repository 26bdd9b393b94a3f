// SPDX-License-Identifier: MIT
internal import GGUF

/// Jamba: Mamba in most layers, attention in the others, experts in every second.
enum Jamba: EvaluableArchitecture {
  static let names = ["jamba"]
  static let modelTypes = ["jamba"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let spaces = try StateSpaces(model, hasHeads: false)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(steps: [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes.width),
          try mixer(model, sizes, spaces, layer)),
        LayerStep(
          norm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
          try network(model, sizes, layer)),
      ])
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func mixer(
    _ model: ModelReader, _ sizes: ModelSizes, _ spaces: StateSpaces, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard sizes.keyValueHeads[layer] == 0 else {
      return .attention(try model.attention(sizes, layer: layer, nil))
    }
    var mamba = try model.mamba(layer: layer, sizes, spaces)
    try model.parameterNorms(&mamba, layer: layer, weighted: true)
    return .mamba(mamba)
  }

  private static func network(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    let width = sizes.feedForward[layer]
    guard model.source.contains("blk.\(layer).ffn_gate_inp.weight") else {
      return .dense(try model.dense(layer: layer, sizes, width: width))
    }
    return .mixture(try model.mixture(layer: layer, sizes, width: width, normalizes: false))
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("jamba", config)
    let attends = try layers(header, "attn_layer", period: 8, offset: 4)
    let isSparse = try layers(header, "expert_layer", period: 2, offset: 1)
    var sizes = StateSpaceSizes()
    sizes.kernel = try config.integer("mamba_d_conv", default: 4)
    sizes.inner = try config.integer("mamba_expand", default: 2) * header.width
    sizes.state = try config.integer("mamba_d_state", default: 16)
    sizes.rank =
      try config.value("mamba_dt_rank")?.text == nil
      ? config.integer("mamba_dt_rank", default: (header.width + 15) / 16)
      : (header.width + 15) / 16
    try header.commonKeys()
    header.key("attention.head_count_kv", attends.map { $0 ? header.keyValueHeads : 0 })
    header.stateSpaceKeys(sizes, hasGroups: false)
    config.ignore(
      "mamba_conv_bias", "mamba_proj_bias", "mamba_inner_layernorms", "num_logits_to_keep",
      "use_associative_scan")
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      if attends[layer] { header.attention() } else { header.mamba1(sizes, norms: true) }
      header.norm("ffn_norm")
      if header.experts > 1 && isSparse[layer] {
        header.mixture(header.feedForward)
      } else {
        header.network()
      }
    }
    try header.output(tied: false)
    return header
  }

  private static func layers(
    _ header: HeaderBuilder, _ name: String, period: Int, offset: Int
  ) throws(QuantError) -> [Bool] {
    let period = max(1, try header.config.integer("\(name)_period", default: period))
    let offset = try header.config.integer("\(name)_offset", default: offset)
    return (0..<header.layers).map { $0 >= offset && ($0 - offset) % period == 0 }
  }
}
