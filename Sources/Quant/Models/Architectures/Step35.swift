// SPDX-License-Identifier: MIT

/// Step 3.5: layers with windows have other numbers of heads and rotate more of each; every head has a
/// gate of its own, and activations may be limited layer by layer.
enum Step35: EvaluableArchitecture {
  static let names = ["step35"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func ahead(_: String) -> AheadForm? { AheadForm(.stream) }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let windows = try model.windows(sizes, period: nil)
    let rotations = try Rotations(model, sizes, windows)
    let limits = try Limits(model, sizes)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, rotations[windows, layer])
      attention.window = windows[layer]
      try model.headNorms(&attention, layer: layer, required: false)
      try model.gate(&attention, layer: layer, required: false)
      return try model.layer(
        layer, sizes, attention, try feedForward(model, sizes, layer, limits))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ limits: Limits
  ) throws(QuantError) -> BlockGraph {
    let shared = limits.shared[layer]
    guard model.hasExperts(layer) else {
      return .dense(
        try model.dense(layer: layer, sizes, width: sizes.feedForward[layer], shared))
    }
    return .mixture(
      try model.sharingMixture(
        layer: layer, sizes, needsBias: false, activation: limits.experts[layer], shared: shared))
  }

  /// Activations of each layer.
  private struct Limits {
    let experts: [Activation]
    /// Of dense networks, too.
    let shared: [Activation]

    init(_ model: ModelReader, _ sizes: ModelSizes) throws(QuantError) {
      experts = try model.clampedActivations("swiglu_clamp_exp", layers: sizes.described)
      shared = try model.clampedActivations("swiglu_clamp_shexp", layers: sizes.described)
    }
  }

  /// Layers that see everything rotate half of what the key says.
  private struct Rotations {
    let full: Rotation
    let windowed: Rotation

    init(_ model: ModelReader, _ sizes: ModelSizes, _ windows: LayerWindows) throws(QuantError) {
      let stated = try model.rotated("rope.dimension_count", of: sizes.keySize)
      let inWindows = try model.rotated(
        "rope.dimension_count_swa", of: sizes.keySize, default: stated)
      guard stated % 4 == 0 else {
        throw .content(
          file: model.path, line: 0,
          what: "\(model.architecture).rope.dimension_count: expected a multiple of 4, found "
            + "\(stated)")
      }
      // The tensor of factors is as long as the layer that rotates most has pairs.
      let most = windows.isWindowed.map { $0 ? inWindows : stated / 2 }.max() ?? stated
      var full = try model.rotation(.halves, headSize: sizes.keySize, factors: most / 2)
      full.dimensions = stated / 2
      self.full = full
      windowed = try model.windowRotation(
        full, base: 10_000, dimensions: inWindows, keepsMagnitude: true)
    }

    subscript(windows: LayerWindows, layer: Int) -> Rotation {
      windows.isWindowed[layer] ? windowed : full
    }
  }
}

// MARK: Configuration

extension Step35 {
  static let modelTypes = ["step3p5", "step3p7"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("step35", config)
    try header.countLayersAhead()
    let all = header.layers + header.layersAhead
    let types = config.texts("layer_types") ?? []
    let isSliding = (0..<all).map { $0 < types.count && types[$0] == "sliding_attention" }
    let groups = try config.integer("num_attention_groups", default: header.keyValueHeads)
    let other = config.object("attention_other_setting")
    let slidingHeads = try other?.optional("num_attention_heads") ?? header.heads
    let slidingGroups = try other?.optional("num_attention_groups") ?? groups
    other?.markAllRead()
    let (plainHeads, inner) = (header.heads, try config.integer("moe_intermediate_size"))
    header.experts = try config.integer("moe_num_experts", default: header.experts)
    let isSparse = try sparseLayers(header, all)
    let shared = try config.integer("share_expert_dim", "share_expert_dims", default: 0)
    try keys(&header, shared, isSparse)
    header.key("attention.head_count", isSliding.map { $0 ? slidingHeads : plainHeads })
    header.key("attention.head_count_kv", isSliding.map { $0 ? slidingGroups : groups })
    header.key("attention.sliding_window_pattern", isSliding)
    func addLayer(_ header: inout HeaderBuilder, _ layer: Int) {
      header.heads = isSliding[layer] ? slidingHeads : plainHeads
      header.keyValueHeads = isSliding[layer] ? slidingGroups : groups
      header.norm("attn_norm")
      header.attention(.heads)
      header.linear("attn_gate", header.width, header.heads)
      header.norm("ffn_norm")
      guard isSparse[layer] else { return header.network() }
      header.mixture(inner, choiceBias: true)
      header.sharedNetwork(shared)
    }
    header.rotationFrequencies()
    header.embedding()
    try header.eachLayer { header, layer in addLayer(&header, layer) }
    try header.eachLayerAhead { header, layer in
      addLayer(&header, layer)
      header.aheadParts(ownHead: false)
      header.tensor("nextn.shared_head_head.weight", header.width, header.vocabulary)
    }
    try header.output(tied: false)
    return header
  }

  private static func keys(
    _ header: inout HeaderBuilder, _ shared: Int, _ isSparse: [Bool]
  ) throws(QuantError) {
    let config = header.config
    try header.commonKeys()
    header.headKeys()
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    header.key("expert_used_count", try config.optional("moe_top_k"))
    header.key("expert_feed_forward_length", try config.optional("moe_intermediate_size"))
    header.key("expert_shared_feed_forward_length", shared)
    header.key("leading_dense_block_count", isSparse.firstIndex(of: true) ?? 0)
    header.key("expert_gating_func", 2)
    config.ignore(
      "num_sliding_attention_heads", "per_layer_config", "use_moe", "use_moe_router_bias",
      "use_head_wise_attn_gate", "use_qk_norm", "need_fp32_gate", "norm_expert_weight",
      "zero_centered", "sink", "att_impl_type", "yarn_only_types", "use_rope_layers",
      "moe_every_n_layer")
  }

  private static func sparseLayers(_ header: HeaderBuilder, _ all: Int) throws(QuantError) -> [Bool]
  {
    let listed = header.config.text("moe_layers_enum").map {
      Set($0.split(separator: ",").compactMap { Int(String($0).filter(\.isNumber)) })
    }
    let kinds = header.config.texts("mlp_layer_types").map { kinds in
      Set(kinds.indices.filter { kinds[$0] != "dense" })
    }
    let numbers = header.config.list("moe_layers").map(Set.init) ?? kinds
    // The layers that predict ahead are dense.
    return (0..<all).map { layer in
      layer < header.layers && ((listed ?? numbers)?.contains(layer) ?? (header.experts > 0))
    }
  }
}
