// SPDX-License-Identifier: MIT

/// ERNIE 4.5, dense and with experts.
enum Ernie45: EvaluableArchitecture {
  static let names = ["ernie4_5", "ernie4_5-moe"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard))
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func dense(_ name: String) -> DenseForm? {
    name == "ernie4_5-moe" ? DenseForm(architecture: "ernie4_5") : nil
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .neighbours)
      // Programs load a bias of the output product, and do not add it.
      attention.output.bias = nil
      return try model.layer(layer, sizes, attention, try feedForward(model, sizes, layer))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    let dense = try model.integer("leading_dense_block_count", default: 0)
    let step = max(1, try model.integer("interleave_moe_layer_step", default: 1))
    guard model.architecture == "ernie4_5-moe", layer >= dense, (layer + 1) % step == 0 else {
      return try model.network(layer, sizes)
    }
    var mixture = try model.mixture(
      layer: layer, sizes, width: try model.expertWidth(sizes, layer: layer))
    mixture.selectionBias = try model.optional(
      "blk.\(layer).exp_probs_b.bias", [sizes.experts])
    let shared = try model.integer("expert_shared_feed_forward_length", default: 0)
    if shared > 0 {
      mixture.shared = try model.dense(layer: layer, suffix: "_shexp", sizes, width: shared)
    }
    return .mixture(mixture)
  }
}

// MARK: Configuration

extension Ernie45 {
  static let modelTypes = ["ernie4_5", "ernie4_5_moe", "ernie4_5_vl_moe"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    guard config.modelType.contains("moe") else { return try dense(config) }
    var header = try HeaderBuilder("ernie4_5-moe", config)
    header.experts = try config.uniform("moe_num_experts") ?? header.experts
    // A second number is that of the experts for images, which are not converted.
    let listed = config.list("moe_intermediate_size")?.first
    let inner =
      if let listed { listed } else {
        try config.integer("moe_intermediate_size", default: header.feedForward)
      }
    let count = try config.integer("moe_num_shared_experts", default: 0)
    let dense = try header.leadingDenseLayers()
    let first = try config.uniform("moe_layer_start_index") ?? dense
    let last = try config.uniform("moe_layer_end_index") ?? header.layers - 1
    let step = max(1, try config.integer("moe_layer_interval", default: 1))
    try header.commonKeys()
    header.key("expert_used_count", try config.optional("moe_k"))
    header.key("interleave_moe_layer_step", step)
    header.key("leading_dense_block_count", first)
    header.key("expert_feed_forward_length", inner)
    if count > 0 {
      header.key("expert_shared_count", count)
      header.key(
        "expert_shared_feed_forward_length", header.feedForward / max(1, header.keyValueHeads))
    }
    config.ignore(
      "moe_group", "moe_use_aux_free", "moe_use_hard_gate", "num_nextn_predict_layers",
      "moe_num_attn_experts", "moe_layer_feed_fake_token", "use_rmsnorm", "moe_capacity")
    let bias = try config.flag("use_bias", default: false)
    header.embedding()
    try header.eachLayer { header, layer in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.norm("ffn_norm")
      let isSparse = layer >= first && layer <= last && (layer + 1) % step == 0
      guard header.experts > 0, isSparse else { return header.network(bias: bias) }
      header.mixture(inner)
      header.tensor("exp_probs_b.bias", header.experts, 1)
      header.sharedNetwork(count * inner)
    }
    try header.output(tied: true)
    return header
  }

  private static func dense(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isOCR = config.modelType.contains("ocr")
    var header = try HeaderBuilder(isOCR ? "paddleocr" : "ernie4_5", config)
    try header.commonKeys()
    header.headKeys()
    config.ignore("use_rmsnorm", "compression_ratio")
    var form = LayerForm()
    form.bias = try config.flag("use_bias", default: false)
    (form.outputBias, form.networkBias) = (form.bias, form.bias)
    try header.plainLayers(form)
    try header.output(tied: true)
    return header
  }
}

/// PaddleOCR: ERNIE 4.5 with images. Only estimated.
enum PaddleOCR: Architecture {
  static let names = ["paddleocr"]
  static let modelTypes = ["paddleocr_vl", "paddleocr_vl_text"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try Ernie45.configure(config)
  }
}
