// SPDX-License-Identifier: MIT
internal import GGUF

/// Nemotron-H and Nemotron 3: every layer is one thing alone, Mamba 2, attention, a network or experts.
enum NemotronH: EvaluableArchitecture {
  static let names = ["nemotron_h", "nemotron_h_moe"]
  static let modelTypes = ["nemotron_h"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func ahead(_: String) -> AheadForm? { AheadForm(isHeadCentered: true) }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let epsilon = try model.number("attention.layer_norm_epsilon")
    let sizes = try ModelSizes(model, epsilon: epsilon)
    let spaces = try StateSpaces(model, hasHeads: true)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      guard layer < sizes.layers else { return try self.layerAhead(model, sizes, layer) }
      return LayerGraph(steps: [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes.width),
          try block(model, sizes, spaces, layer))
      ])
    }
    return try model.graph(sizes, layers: layers)
  }

  /// A layer that predicts a further token: attention and experts.
  private static func layerAhead(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> LayerGraph {
    let names = ["post_attention_norm", "ffn_norm"].map { "blk.\(layer).\($0)" }
    let isFirst = model.source.contains("\(names[0]).weight")
    return LayerGraph(
      attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
      attention: try model.attention(sizes, layer: layer, nil),
      feedForwardNorm: try model.norm(names[isFirst ? 0 : 1], sizes.width),
      feedForward: .mixture(try mixture(model, sizes, layer)))
  }

  private static func block(
    _ model: ModelReader, _ sizes: ModelSizes, _ spaces: StateSpaces, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    let width = sizes.feedForward[layer]
    guard width == 0 else {
      return sizes.experts == 0
        ? .dense(
          try model.dense(layer: layer, sizes, width: width, .reluSquared, plain: true))
        : .mixture(try mixture(model, sizes, layer))
    }
    guard sizes.keyValueHeads[layer] > 0 else {
      return .mamba2(try model.mamba2(layer: layer, sizes, spaces))
    }
    return .attention(try model.attention(sizes, layer: layer, nil))
  }

  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> MixtureGraph {
    let narrow = try model.integer("moe_latent_size", default: 0, in: 0...(1 << 20))
    // Layers that predict further tokens may be without.
    let isNarrow =
      layer < sizes.layers || model.source.contains("blk.\(layer).ffn_latent_down.weight")
    let latent =
      narrow > 0 && isNarrow
      ? try model.latentMixture(
        layer: layer, sizes, width: narrow, down: "latent_down", up: "latent_up") : nil
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: try model.expertWidth(sizes, layer: layer), fallback: .sigmoid,
      needsBias: true, activation: .reluSquared, plain: true, latent: latent)
    mixture.gating = .sigmoid
    let shared = try model.integer("expert_shared_feed_forward_length", default: 0)
    if shared > 0 {
      mixture.shared = try model.dense(
        layer: layer, suffix: "_shexp", sizes, width: shared, .reluSquared, plain: true)
    }
    return mixture
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let hasExperts = try config.optional("num_experts_per_tok", "n_routed_experts") ?? 0 > 0
    let kinds = try kinds(config)
    var header = try HeaderBuilder(
      hasExperts ? names[1] : names[0], config, layers: kinds.count)
    if let size = try config.optional("head_dim", "attention_head_dim") {
      (header.keySize, header.valueSize) = (size, size)
    }
    if !hasExperts { header.experts = 0 }
    if hasExperts { try header.countLayersAhead() }
    let sizes = try stateSpace(config)
    let inner =
      hasExperts ? try config.integer("moe_intermediate_size") : header.feedForward
    try keys(&header, kinds, sizes, inner)
    let bias = try config.flag("attention_bias", default: false)
    let networkBias = try config.flag("mlp_bias", default: false)
    let convolutionBias = try config.flag("use_conv_bias", "mamba_conv_bias", default: true)
    header.embedding()
    try header.eachLayer { (header, layer) throws(QuantError) in
      header.norm("attn_norm")
      switch kinds[layer] {
      case .mamba: header.mamba2(sizes, convolutionBias: convolutionBias)
      case .attention: header.attention(bias: bias, outputBias: bias)
      case .network: header.network(gated: false, bias: networkBias)
      case .experts: try mixture(&header, inner)
      }
    }
    try header.eachLayerAhead { (header, _) throws(QuantError) in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      try mixture(&header, inner)
      header.aheadParts()
    }
    try header.output(tied: false)
    return header
  }

  private enum Kind { case mamba, attention, network, experts }

  /// What the layers are, by letters or by words.
  private static func kinds(_ config: ConfigurationReader) throws(QuantError) -> [Kind] {
    config.ignore("mtp_hybrid_override_pattern", "mtp_layers_block_type")
    let words = config.texts("layers_block_type", "layer_types")
    let letters = config.text("hybrid_override_pattern").map { $0.map(String.init) }
    guard let found = letters ?? words else { throw config.missing("hybrid_override_pattern") }
    var kinds: [Kind] = []
    for name in found {
      switch name {
      case "M", "mamba", "mamba2", "linear_attention": kinds.append(.mamba)
      case "*", "attention", "full_attention": kinds.append(.attention)
      case "-", "mlp": kinds.append(.network)
      case "E", "moe": kinds.append(.experts)
      default:
        throw config.refused("hybrid_override_pattern: expected M, *, - or E, found \"\(name)\"")
      }
    }
    guard (1...HeaderBuilder.mostLayers).contains(kinds.count) else {
      throw config.missing("hybrid_override_pattern")
    }
    return kinds
  }

  private static func stateSpace(
    _ config: ConfigurationReader
  ) throws(QuantError) -> StateSpaceSizes {
    var sizes = StateSpaceSizes()
    sizes.kernel = try config.integer("conv_kernel", default: 4)
    sizes.state = try config.integer("ssm_state_size", "mamba_state_dim", default: 128)
    sizes.groups = try config.integer("n_groups", "mamba_num_groups", default: 8)
    sizes.rank = try config.integer("mamba_num_heads")
    sizes.inner = try config.integer("mamba_head_dim") * sizes.rank
    config.ignore(
      "expand", "use_bias", "mamba_proj_bias", "mamba_hidden_act", "moe_shared_expert_overlap")
    return sizes
  }

  private static func keys(
    _ header: inout HeaderBuilder, _ kinds: [Kind], _ sizes: StateSpaceSizes, _ inner: Int
  ) throws(QuantError) {
    try header.commonKeys()
    header.headKeys()
    header.key("context_length", 1 << 20)
    let ahead = header.layersAhead
    header.key(
      "attention.head_count_kv",
      kinds.map { $0 == .attention ? header.keyValueHeads : 0 }
        + Array(repeating: header.keyValueHeads, count: ahead))
    header.key(
      "feed_forward_length",
      kinds.map { $0 == .network || $0 == .experts ? inner : 0 }
        + Array(repeating: inner, count: ahead))
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.width / max(1, header.heads))
    header.stateSpaceKeys(sizes)
    guard header.experts > 0 else { return }
    try header.mixtureKeys(
      shared: try header.config.optional("moe_shared_expert_intermediate_size"))
    header.key("moe_latent_size", try header.config.optional("moe_latent_size"))
  }

  /// Experts without a gate, which may see compressed numbers.
  private static func mixture(_ header: inout HeaderBuilder, _ inner: Int) throws(QuantError) {
    let config = header.config
    let latent = try config.integer("moe_latent_size", default: 0)
    header.linear("ffn_gate_inp", header.width, header.experts)
    header.tensor("exp_probs_b.bias", header.experts)
    if latent > 0 {
      header.linear("ffn_latent_down", header.width, latent)
      header.linear("ffn_latent_up", latent, header.width)
    }
    let seen = latent > 0 ? latent : header.width
    header.tensor("ffn_up_exps.weight", seen, inner, header.experts)
    header.tensor("ffn_down_exps.weight", inner, seen, header.experts)
    let count = try config.integer("n_shared_experts", default: 1)
    let shared = try config.integer(
      "moe_shared_expert_intermediate_size", default: inner * count)
    if count > 0 { header.sharedNetwork(shared, gated: false) }
  }
}
