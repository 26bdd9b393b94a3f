// SPDX-License-Identifier: MIT

extension HeaderBuilder {
  /// Sets the keys that converters write for nearly every model.
  package mutating func commonKeys() throws(QuantError) {
    key("block_count", layers + layersAhead)
    key("context_length", try contextLength())
    key("embedding_length", width)
    try feedForwardKey()
    key("attention.head_count", heads)
    if config.has("num_key_value_heads") || config.has("n_kv_heads") {
      key("attention.head_count_kv", keyValueHeads)
    }
    if try config.optional("head_dim") != nil { headKeys() }
    try expertKeys()
    key("rope.freq_base", fraction: rotationBase())
  }

  /// The numbers of a head.
  package mutating func headKeys() {
    key("attention.key_length", keySize)
    key("attention.value_length", valueSize)
  }

  /// Tokens of context that the model is made for.
  package func contextLength() throws(QuantError) -> Int? {
    try config.optional(
      "max_position_embeddings", "n_ctx", "n_positions", "max_length", "max_sequence_length",
      "model_max_length", "max_seq_len", "max_context_length", "seq_length")
  }

  private mutating func feedForwardKey() throws(QuantError) {
    if config.value("intermediate_size")?.list != nil,
      let widths = try config.integers("intermediate_size", layers: layers)
    {
      if Set(widths).count == 1 {
        key("feed_forward_length", widths[0])
      } else {
        key("feed_forward_length", widths)
      }
    } else if feedForward > 0 {
      key("feed_forward_length", feedForward)
    }
  }

  private mutating func expertKeys() throws(QuantError) {
    if experts > 0 { key("expert_count", experts) }
    let used = try config.optional(
      "num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_top_k")
    if let used, experts > 0 { key("expert_used_count", used) }
    key("expert_group_count", try config.optional("n_group"))
    key("expert_group_used_count", try config.optional("topk_group"))
    let scores = config.text(
      "score_function", "scoring_func", "score_func", "moe_router_activation",
      "moe_router_activation_func", "expert_selection_fn")
    key(
      "expert_gating_func", scores.flatMap { ["softmax": 1, "sigmoid": 2, "sqrtsoftplus": 4][$0] })
  }

  private func rotationBase() -> Double? {
    let rope = config.object("rope_parameters") ?? config.object("rope_scaling")
    return rope?.object("full_attention")?.number("rope_theta") ?? rope?.number("rope_theta")
      ?? config.number("rope_theta", "rotary_emb_base", "global_rope_theta")
  }

  /// The part of a head that is rotated.
  package func rotaryPart(default fallback: Double = 1) -> Double {
    let rope = config.object("rope_parameters") ?? config.object("rope_scaling")
    let part =
      config.number("partial_rotary_factor", "rotary_pct", "rope_pct", "rotary_percent")
      ?? rope?.number("partial_rotary_factor")
    return part.flatMap { (0...1).contains($0) ? $0 : nil } ?? fallback
  }

  /// How rotation is stretched to longer contexts: `llama3`, `longrope`, `yarn` and others.
  package var rotationScaling: ConfigurationReader? {
    let rope = config.object("rope_parameters") ?? config.object("rope_scaling")
    return rope?.object("full_attention") ?? rope
  }

  /// The name of that stretching.
  package var rotationType: String? { rotationScaling?.text("rope_type", "type") }

  /// Which layers see only a window: by `layer_types`, or all but every n-th.
  ///
  /// - Returns: A flag for each layer; `nil` if the configuration has no list of types.
  package func slidingLayers() -> [Bool]? {
    config.texts("layer_types").map { types in
      types.prefix(layers).map { ["sliding_attention", "chunked_attention", "local"].contains($0) }
    }
  }

  /// Sets the keys of routed experts' width and of what every token uses besides.
  ///
  /// - Parameters:
  ///   - shared: The width of what every token uses besides.
  ///   - weighing: Whether the file says what is done to the weights of the chosen.
  /// - Throws: `QuantError.content` for keys that make no sense.
  package mutating func mixtureKeys(
    shared: Int? = nil, weighing: Bool = true
  ) throws(QuantError) {
    key("expert_feed_forward_length", try config.optional("moe_intermediate_size"))
    key("expert_shared_feed_forward_length", shared)
    key("expert_shared_count", try config.optional("n_shared_experts", "num_shared_experts"))
    if config.has("first_k_dense_replace") || config.has("mlp_layer_types") {
      key("leading_dense_block_count", try leadingDenseLayers())
    }
    guard weighing else { return }
    if config.has("norm_topk_prob") {
      key("expert_weights_norm", try config.flag("norm_topk_prob", default: false))
    }
    key("expert_weights_scale", fraction: config.number("routed_scaling_factor"))
  }

  /// Counts the layers that only predict tokens ahead, which stand behind the others.
  package mutating func countLayersAhead(default fallback: Int = 0) throws(QuantError) {
    layersAhead = try config.integer(
      "num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_layers", default: fallback)
    guard layersAhead <= 64 else {
      throw config.refused(
        "num_nextn_predict_layers: expected at most 64 layers, found \(layersAhead)")
    }
    if layersAhead > 0 { key("nextn_predict_layers", layersAhead) }
  }
}
