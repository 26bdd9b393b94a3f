// SPDX-License-Identifier: MIT

/// Mamba: state spaces instead of attention.
enum Mamba: EvaluableArchitecture {
  static let names = ["mamba"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.mamba))
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, needsHeads: false)
    let spaces = try StateSpaces(model, hasHeads: false)
    let norms = try model.flag("ssm.dt_b_c_rms", default: false)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var mamba = try model.mamba(layer: layer, sizes, spaces)
      if norms { try model.parameterNorms(&mamba, layer: layer, weighted: false) }
      return LayerGraph(steps: [
        LayerStep(norm: try model.norm("blk.\(layer).attn_norm", sizes.width), .mamba(mamba))
      ])
    }
    return try model.graph(sizes, layers: layers)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }
}

// MARK: Configuration

extension Mamba {
  static let modelTypes = ["mamba", "falcon_mamba"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("mamba", config, heads: 0)
    var sizes = StateSpaceSizes()
    sizes.kernel = try config.integer("conv_kernel", "d_conv", default: 4)
    let factor = try config.integer("expand", default: 2)
    sizes.inner = try config.integer(
      "intermediate_size", "d_inner", default: factor * header.width)
    sizes.state = try config.integer("state_size", "d_state", default: 16)
    sizes.rank =
      try config.value("time_step_rank")?.text == nil
      ? config.integer("time_step_rank", "dt_rank", default: (header.width + 15) / 16)
      : (header.width + 15) / 16
    try stateKeys(&header)
    header.stateSpaceKeys(sizes, hasGroups: false)
    let ssm = config.object("ssm_cfg")
    ssm?.markAllRead()
    config.ignore("use_bias", "use_conv_bias", "use_mambapy", "use_associative_scan")
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.mamba1(sizes)
    }
    try header.output(tied: true)
    return header
  }

  /// Sets the keys of a model that has nothing but states.
  static func stateKeys(_ header: inout HeaderBuilder) throws(QuantError) {
    header.key("block_count", header.layers)
    header.key("context_length", 1 << 20)
    header.key("embedding_length", header.width)
    header.key("feed_forward_length", 0)
    header.key("attention.head_count", 0)
  }
}
