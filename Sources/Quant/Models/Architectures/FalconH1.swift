// SPDX-License-Identifier: MIT

/// Falcon-H1: attention and Mamba 2 side by side in every layer.
enum FalconH1: EvaluableArchitecture {
  static let names = ["falcon-h1"]
  static let modelTypes = ["falcon_h1"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let spaces = try StateSpaces(model, hasHeads: true)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      let mixers = [
        StepBranch(.attention(try model.attention(sizes, layer: layer, .halves))),
        StepBranch(.mamba2(try model.mamba2(layer: layer, sizes, spaces, needsNorm: false))),
      ]
      return LayerGraph(steps: [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes.width), branches: mixers),
        LayerStep(
          norm: try networkNorm(model, sizes, layer),
          .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer]))),
      ])
    }
    return try model.graph(sizes, layers: layers)
  }

  /// The reference looks for this tensor without the usual ending.
  private static func networkNorm(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> Norm {
    let name = "blk.\(layer).ffn_norm"
    guard let weight = try model.optional(name, [sizes.width]) else {
      return try model.norm(name, sizes.width)
    }
    return Norm(weight: weight, bias: nil)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("falcon-h1", config)
    var sizes = StateSpaceSizes()
    sizes.kernel = try config.integer("mamba_d_conv", default: 4)
    let factor = try config.integer("mamba_expand", default: 2)
    sizes.inner = try config.integer("mamba_d_ssm", default: factor * header.width)
    sizes.state = try config.integer("mamba_d_state", default: 256)
    sizes.groups = try config.integer("mamba_n_groups", default: 1)
    sizes.rank = sizes.inner / max(1, try config.integer("mamba_d_head", default: 64))
    config.ignore(
      "mamba_n_heads", "mamba_expand", "mamba_use_mlp", "mamba_norm_before_gate",
      "projectors_bias", "mamba_proj_bias", "attn_layer_indices")
    try header.commonKeys()
    header.headKeys()
    header.key("vocab_size", header.vocabulary)
    header.stateSpaceKeys(sizes)
    let convolutionBias = try config.flag("mamba_conv_bias", default: true)
    let norms = try config.flag("mamba_rms_norm", default: false)
    let bias = try config.flag("attention_bias", default: false)
    let networkBias = try config.flag("mlp_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.mamba2(sizes, convolutionBias: convolutionBias, norms: norms)
      header.norm("ffn_norm")
      header.network(bias: networkBias)
    }
    try header.output(tied: false)
    return header
  }
}
