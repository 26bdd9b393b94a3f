// SPDX-License-Identifier: MIT

/// Ling and Ring: experts with a network for all tokens beside them. Version 2 norms heads, rotates a part
/// of each and chooses experts by a bias.
enum BailingMoE: EvaluableArchitecture {
  static let names = ["bailingmoe", "bailingmoe2"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func ahead(_ name: String) -> AheadForm? { name == names[0] ? nil : AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let isFirst = model.architecture == names[0]
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, isFirst ? .neighbours : .halves)
      if !isFirst { try model.headNorms(&attention, layer: layer, required: true) }
      return try model.layer(
        layer, sizes, attention, try feedForward(model, sizes, layer, isFirst: isFirst))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, isFirst: Bool
  ) throws(QuantError) -> BlockGraph {
    let dense = try model.integer("leading_dense_block_count", default: 0)
    guard isFirst || layer >= dense else { return try model.network(layer, sizes) }
    let width = try model.expertWidth(sizes, layer: layer)
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: .softmax, needsBias: false)
    if isFirst { (mixture.gating, mixture.selectionBias) = (.softmax, nil) }
    let given =
      isFirst ? 0 : try model.integer("expert_shared_feed_forward_length", default: 0)
    mixture.shared = try model.sharedExperts(
      layer: layer, sizes, width: given > 0 ? given : width)
    return .mixture(mixture)
  }
}

// MARK: Configuration

extension BailingMoE {
  static let modelTypes = ["bailing_moe", "bailing_moe_v2", "sarvam_moe"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isFirst = config.modelType == "bailing_moe"
    var header = try HeaderBuilder(isFirst ? names[0] : names[1], config)
    if !isFirst { try header.countLayersAhead() }
    try header.commonKeys()
    let inner = try config.integer("moe_intermediate_size")
    let count = try config.integer("num_shared_experts", default: 0)
    let shared = try config.integer(
      "moe_shared_expert_intermediate_size", default: inner * count)
    try header.mixtureKeys(shared: isFirst ? nil : shared)
    header.key("vocab_size", header.vocabulary)
    header.key(
      "rope.dimension_count",
      Int(Double(header.keySize) * (isFirst ? 1 : header.rotaryPart(default: 0.5))))
    let dense = try header.leadingDenseLayers()
    let bias = try config.flag("use_qkv_bias", default: false)
    let outputBias = try config.flag("use_bias", default: false)
    let norms: HeadNorms = try config.flag("use_qk_norm", default: !isFirst) ? .heads : .none
    let choiceBias = try config.flag("moe_router_enable_expert_bias", default: !isFirst)
    config.ignore(
      "norm_head", "norm_softmax", "moe_router_enable_shared_expert", "use_rmsnorm", "multi_gate",
      "using_split_qkv_in_self_attention")
    func addLayer(_ header: inout HeaderBuilder, _ layer: Int) {
      header.norm("attn_norm")
      if isFirst {
        header.attention(norms, bias: bias, outputBias: outputBias)
      } else {
        header.fusedAttention(bias: bias, outputBias: outputBias)
        header.headNorms(norms)
      }
      header.norm("ffn_norm")
      guard header.experts > 0, layer >= dense else { return header.network() }
      header.mixture(inner, choiceBias: choiceBias)
      header.sharedNetwork(shared)
    }
    header.embedding()
    try header.eachLayer { header, layer in addLayer(&header, layer) }
    try header.eachLayerAhead { header, layer in
      addLayer(&header, layer)
      header.aheadParts(headNorm: false)
      header.norm("layer_output_norm")
    }
    try header.output(tied: false)
    return header
  }
}
