// SPDX-License-Identifier: MIT
internal import GGUF

/// Grok 1 and 2: experts with norms before and after, and perhaps a dense network beside them.
enum Grok: EvaluableArchitecture {
  static let names = ["grok"]
  static let modelTypes = ["grok-1", "grok1", "grok", "git"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(steps: [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes),
          .attention(try attention(model, sizes, layer)),
          postNorm: try model.norm("blk.\(layer).attn_output_norm", sizes)),
        try experts(model, sizes, layer),
      ])
    }
    var graph = try model.graph(sizes, layers: layers)
    // Where keys are missing, a file is of Grok 1.
    graph.embeddingScale = try model.number("embedding_scale", default: 78.38367176906169)
    graph.logitScale = try model.number("logit_scale", default: 0.5773502691896257)
    graph.logitCap = max(0, try model.number("final_logit_softcapping", default: 0))
    return graph
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    var attention = try model.attention(sizes, layer: layer, .halves)
    attention.scale = try model.number("attention.output_scale", default: 0.08838834764831845)
    try model.requirePositive("attn_logit_softcapping")
    attention.cap = try model.number("attn_logit_softcapping", default: 30)
    try setYarn(of: &attention.rotation, model)
    return attention
  }

  /// Fewer pairs than elsewhere count as fast, if the key is missing, and a key of its own may say whether
  /// angles are mixed (YaRN), whatever the type of scaling.
  private static func setYarn(
    of rotation: inout Rotation?, _ model: ModelReader
  ) throws(QuantError) {
    let key = "rope.scaling.yarn_ext_factor"
    let mixing = try model.number(key, default: -1)
    switch rotation?.scaling {
    case .yarn(let factor, let context, _, let slow)? where mixing < 0 || mixing == 1:
      let fast = try model.number("rope.scaling.yarn_beta_fast", default: 8)
      rotation?.scaling = .yarn(factor: factor, originalContext: context, fast: fast, slow: slow)
    case .linear? where mixing <= 0:
      rotation?.magnitude *= try model.number("rope.scaling.yarn_attn_factor", default: 1)
    default:
      throw .unsupported(
        "\(model.path): expected \(model.architecture).\(key) as the type of scaling has it, found"
          + " \(mixing)")
    }
  }

  private static func experts(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> LayerStep {
    let prefix = "blk.\(layer)."
    let given = try model.integer("expert_feed_forward_length", default: 0)
    let width = sizes.feedForward[layer]
    var branches = [
      StepBranch(
        .mixture(
          try model.mixture(
            layer: layer, sizes, width: given == 0 ? width : given, activation: .gelu,
            plain: true)))
    ]
    if model.source.contains("\(prefix)ffn_up.weight") {
      let dense = try model.dense(layer: layer, sizes, width: width, .gelu, plain: true)
      branches.append(StepBranch(.dense(dense)))
      for index in branches.indices { branches[index].scale = Float(0.5).squareRoot() }
    }
    let name = ["layer_output_norm", "post_ffw_norm"].first {
      model.source.contains("\(prefix)\($0).weight")
    }
    return LayerStep(
      norm: try model.norm("\(prefix)ffn_norm", sizes), branches: branches,
      postNorm: try model.norm("\(prefix)\(name ?? "layer_output_norm")", sizes))
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("grok", config)
    try header.commonKeys()
    let inner = try config.integer("moe_intermediate_size", default: header.feedForward)
    header.key("expert_feed_forward_length", inner)
    config.ignore("global_attn_every_n")
    let hasNetwork = try config.flag("residual_moe", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention()
      header.norm("attn_output_norm")
      header.norm("ffn_norm")
      header.mixture(inner)
      if hasNetwork { header.network() }
      header.norm(hasNetwork ? "post_ffw_norm" : "layer_output_norm")
    }
    try header.output(tied: false)
    return header
  }
}
