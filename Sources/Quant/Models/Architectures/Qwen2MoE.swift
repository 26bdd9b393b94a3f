// SPDX-License-Identifier: MIT
internal import GGUF

/// Qwen 1.5 and 2 with experts: the weights of the chosen do not add up to 1, and beside them stands
/// a network for all tokens, which a gate of its own scales.
enum Qwen2MoE: EvaluableArchitecture {
  static let names = ["qwen2moe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func dense(_ name: String) -> DenseForm? { DenseForm(architecture: "qwen2") }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try model.attention(sizes, layer: layer, .halves),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .mixture(try mixture(model, sizes, layer)))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  /// Experts and the network beside them, which may be missing if it is not needed.
  static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, normalizes: Bool = false,
    needsShared: Bool = true
  ) throws(QuantError) -> MixtureGraph {
    let all = sizes.feedForward[layer]
    var mixture = try model.mixture(
      layer: layer, sizes, width: try model.expertWidth(sizes, layer: layer),
      normalizes: normalizes)
    guard needsShared || model.source.contains("blk.\(layer).ffn_up_shexp.weight") else {
      return mixture
    }
    let shared = try model.integer("expert_shared_feed_forward_length", default: all)
    mixture.shared = try model.dense(
      layer: layer, suffix: "_shexp", sizes, width: shared == 0 ? all : shared)
    mixture.sharedGate = try model.linear("blk.\(layer).ffn_gate_inp_shexp", sizes.width, 1)
    return mixture
  }
}

extension ModelReader {
  /// Numbers between an expert's products: a key of its own, or a share of the dense width.
  func expertWidth(_ sizes: ModelSizes, layer: Int) throws(QuantError) -> Int {
    let given = try integers(
      "expert_feed_forward_length", layers: sizes.described, default: 0)[layer]
    return given > 0 ? given : sizes.feedForward[layer] / max(sizes.usedExperts[layer], 1)
  }
}

// MARK: Configuration

extension Qwen2MoE {
  static let modelTypes = ["qwen2_moe"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try mixture("qwen2moe", config, norms: .none, bias: true)
  }

  /// Adds a Qwen with experts in all layers but those that the configuration names as dense.
  static func mixture(
    _ name: String, _ config: ConfigurationReader, norms: HeadNorms, bias: Bool,
    more: (inout HeaderBuilder) throws(QuantError) -> Void = { (_) throws(QuantError) in }
  ) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder(name, config)
    try header.commonKeys()
    let shared = try config.integer("shared_expert_intermediate_size", default: 0)
    try header.mixtureKeys(shared: shared > 0 ? shared : nil, weighing: false)
    let bias = try config.flag("attention_bias", "qkv_bias", default: bias)
    let isSparse = try sparseLayers(header)
    let inner = try config.integer("moe_intermediate_size", default: header.feedForward)
    header.embedding()
    try header.eachLayer { (header, layer) throws(QuantError) in
      header.norm("attn_norm")
      header.attention(norms, bias: bias)
      header.norm("ffn_norm")
      if isSparse[layer] {
        header.mixture(inner)
        header.sharedNetwork(shared, router: true)
        try more(&header)
      } else {
        header.network()
      }
    }
    try header.output(tied: false)
    return header
  }

  /// Which layers have experts: every n-th, without those that are named.
  static func sparseLayers(_ header: HeaderBuilder) throws(QuantError) -> [Bool] {
    let step = try header.config.integer("decoder_sparse_step", default: 1)
    let dense = header.config.list("mlp_only_layers") ?? []
    return (0..<header.layers).map { layer in
      header.experts > 0 && !dense.contains(layer) && (layer + 1) % max(1, step) == 0
    }
  }
}
