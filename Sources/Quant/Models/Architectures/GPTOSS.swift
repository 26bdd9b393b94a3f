// SPDX-License-Identifier: MIT

/// gpt-oss: attention sinks, a sliding window in every second layer, and experts with biases whose
/// weights are a softmax over the chosen alone.
enum GPTOSS: EvaluableArchitecture {
  static let names = ["gpt-oss"]
  private static let slidingPeriod = 2

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.storesKeysFirst = true
    computation.normsExpertWeights = false
    computation.gating = .softmaxOfChosen
    computation.choosesRowsLast = true
    return MemoryTraits(computation: computation, slidingPeriod: slidingPeriod)
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: slidingPeriod)
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let window = try model.integer("attention.sliding_window", in: 1...(1 << 28))
    let isWindowed = try model.windowedLayers(sizes, pattern: slidingPeriod)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try attention(
          model, sizes, layer, window: isWindowed[layer] ? window : nil),
        feedForwardNorm: try model.norm("blk.\(layer).post_attention_norm", sizes.width),
        feedForward: .mixture(
          try model.mixture(
            layer: layer, sizes, width: try model.integer("expert_feed_forward_length"),
            gating: .softmaxOfChosen, normalizes: false, activation: .clampedSwish)))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, window: Int?
  ) throws(QuantError) -> AttentionGraph {
    var attention = try model.attention(sizes, layer: layer, .halves)
    attention.output = try model.linear(
      "blk.\(layer).attn_output", attention.heads * sizes.valueSize, sizes.width, needsBias: true)
    attention.sinks = try model.tensor("blk.\(layer).attn_sinks.weight", [attention.heads])
    if let window {
      attention.window = .sliding(window)
      if let base = attention.rotation?.base {
        attention.rotation?.base = try model.number("rope.freq_base_swa", default: base)
      }
    }
    return attention
  }
}

// MARK: Configuration

extension GPTOSS {
  static let modelTypes = ["gpt_oss"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("gpt-oss", config)
    try header.commonKeys()
    header.headKeys()
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    header.key("expert_feed_forward_length", header.feedForward)
    config.ignore("layer_types", "experts_per_token")
    let bias = try config.flag("attention_bias", default: true)
    let (width, inner, experts) = (header.width, header.feedForward, header.experts)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.tensor("attn_sinks.weight", header.heads)
      header.norm("post_attention_norm")
      header.mixture(inner)
      header.tensor("ffn_gate_inp.bias", experts)
      header.tensor("ffn_gate_exps.bias", inner, experts)
      header.tensor("ffn_up_exps.bias", inner, experts)
      header.tensor("ffn_down_exps.bias", width, experts)
    }
    try header.output(tied: false)
    return header
  }
}
