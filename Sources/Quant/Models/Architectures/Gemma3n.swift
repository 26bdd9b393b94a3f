// SPDX-License-Identifier: MIT

/// Gemma 3n: every fifth layer sees everything, the others a window. A state has several streams
/// (AltUp): a layer predicts them, computes the first, and corrects all by the difference. Beside attention
/// runs a product through a narrow vector (LAuReL), and each layer has an input of its own for each
/// token. The last layers take keys and values from earlier ones.
enum Gemma3n: EvaluableArchitecture {
  static let names = ["gemma3n"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: slidingPeriod) }

  /// Some layers cache nothing, and the first ones drop small activations: both are fixed.
  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? {
    [LayerRule("the sharing of keys and values") { layer, _ in layer }]
  }
}

// MARK: Configuration

extension Gemma3n {
  static let modelTypes = ["gemma3n", "gemma3n_text"]

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 2048, "intermediate_size": 16384, "num_hidden_layers": 35, "head_dim": 256,
      "num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 262_400,
      "sliding_window": 512, "max_position_embeddings": 32768,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("gemma3n", config)
    try header.commonKeys()
    header.key("attention.head_count_kv", header.keyValueHeads)
    header.headKeys()
    let inputs = try config.integer("altup_num_inputs", default: 4)
    let perLayer = try config.integer("hidden_size_per_layer_input", default: 256)
    let rank = try config.integer("laurel_rank", default: 64)
    config.ignore("altup_active_idx", "vocab_size_per_layer_input")
    header.key("altup.num_inputs", inputs)
    header.key("embedding_length_per_layer_input", perLayer)
    header.key(
      "attention.shared_kv_layers", try config.integer("num_kv_shared_layers", default: 15))
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    let isSliding = header.slidingLayers() ?? (0..<header.layers).map { $0 % 5 != 4 }
    header.key("attention.sliding_window_pattern", isSliding)
    let (width, all) = (header.width, perLayer * header.layers)
    header.embedding()
    header.tensor("altup_proj.weight", width, width, max(0, inputs - 1))
    header.tensor("altup_unembd_proj.weight", width, width, max(0, inputs - 1))
    header.tensor("per_layer_token_embd.weight", all, header.vocabulary)
    header.linear("per_layer_model_proj", width, all)
    header.norm("per_layer_proj_norm", perLayer)
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(.heads)
      header.norm("post_attention_norm")
      header.norm("ffn_norm")
      header.network()
      header.norm("post_ffw_norm")
      header.linear("inp_gate", width, perLayer)
      header.linear("proj", perLayer, width)
      header.norm("post_norm")
      header.linear("altup_correct_coef", inputs, inputs)
      header.norm("altup_correct_scale")
      header.linear("altup_predict_coef", inputs, inputs * inputs)
      header.linear("altup_router", width, inputs)
      header.norm("altup_router_norm")
      header.linear("laurel_l", width, rank)
      header.linear("laurel_r", rank, width)
      header.norm("laurel_post_norm")
    }
    header.tiedOutput()
    return header
  }
}
