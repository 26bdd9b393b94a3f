// SPDX-License-Identifier: MIT

/// Mamba 2: states of several heads.
enum Mamba2: EvaluableArchitecture {
  static let names = ["mamba2"]
  static let modelTypes = ["mamba2"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, needsHeads: false)
    let spaces = try StateSpaces(model, hasHeads: true)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(steps: [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes.width),
          .mamba2(try model.mamba2(layer: layer, sizes, spaces)))
      ])
    }
    return try model.graph(sizes, layers: layers)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("mamba2", config, heads: 0)
    var sizes = StateSpaceSizes()
    let factor = try config.integer("expand", default: 2)
    sizes.kernel = try config.integer("conv_kernel", "d_conv", default: 4)
    sizes.inner = try config.integer(
      "intermediate_size", "d_inner", default: factor * header.width)
    sizes.state = try config.integer("state_size", "d_state", default: 128)
    sizes.groups = try config.integer("n_groups", default: 1)
    sizes.rank = sizes.inner / max(1, try config.integer("head_dim", default: 64))
    try Mamba.stateKeys(&header)
    header.stateSpaceKeys(sizes)
    config.object("ssm_cfg")?.markAllRead()
    config.ignore("use_bias", "use_conv_bias", "rms_norm", "time_step_rank", "norm_before_gate")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.mamba2(sizes)
    }
    try header.output(tied: true)
    return header
  }
}
