// SPDX-License-Identifier: MIT

/// Encoders in the form of BERT: no cache, no output.
enum BERT: EvaluableArchitecture {
  static let names = [
    "bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3", "modern-bert",
    "neo-bert", "eurobert",
  ]
  static let modelTypes = [
    "bert", "distilbert", "roberta", "xlm-roberta", "camembert", "nomic_bert", "jina_bert",
    "modernbert", "neobert", "eurobert",
  ]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    config.ignore(
      "position_embedding_type", "pooling", "sep_token", "is_decoder", "classifier_bias")
    return switch config.modelType {
    case "nomic_bert": try nomic(config)
    case "modernbert": try modern(config)
    case "neobert": try neo(config)
    case "eurobert": try euro(config)
    default: try plain(config)
    }
  }

  private static func keys(
    _ header: inout HeaderBuilder, context: Int?
  ) throws(QuantError) {
    try header.commonKeys()
    header.key("context_length", context)
    header.key("attention.causal", false)
  }

  /// BERT, RoBERTa and the versions of Jina, whose positions are learned, slopes or rotation.
  private static func plain(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isJina = config.classes.contains { $0.hasPrefix("JinaBert") }
    let isAdapted = config.texts("lora_adaptations")?.isEmpty == false
    var header = try HeaderBuilder(
      isAdapted ? "jina-bert-v3" : isJina ? "jina-bert-v2" : "bert", config)
    if header.feedForward == 0 {
      header.feedForward = try config.integer("hidden_dim", default: 4 * header.width)
    }
    let offset =
      ["roberta", "xlm-roberta", "camembert"].contains(config.modelType)
      ? try config.integer("pad_token_id", default: 1) + 1 : 0
    let positions = try header.contextLength().map { max(1, $0 - offset) }
    try keys(&header, context: positions)
    config.ignore(
      "lora_rank", "lora_prompts", "lora_alpha", "lora_main_params_trainable", "task_instructions",
      "load_trained_adapters", "truncate_dim", "use_reentrant", "emb_pooler", "feed_forward_type",
      "attn_implementation", "matryoshka_dimensions")
    let isRotated = isJina || isAdapted
    try header.encoderEmbedding(positions: isRotated ? nil : positions)
    try header.eachLayer { header, _ in
      if isAdapted {
        header.fusedAttention(bias: true, outputBias: true)
      } else {
        header.attention(bias: true, outputBias: true)
      }
      header.norm("attn_output_norm", bias: true)
      if isJina {
        header.linear("ffn_up", header.width, header.feedForward)
        header.linear("ffn_gate", header.width, header.feedForward)
        header.linear("ffn_down", header.feedForward, header.width, bias: true)
      } else {
        header.network(gated: false, bias: true)
      }
      header.norm("layer_output_norm", bias: true)
    }
    header.classifier(hasDense: config.modelType != "bert")
    return header
  }

  private static func nomic(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let step = try config.integer("moe_every_n_layers", default: 0)
    var header = try HeaderBuilder(step > 0 ? "nomic-bert-moe" : "nomic-bert", config)
    // Models were trained on less than they have positions for.
    let trained = try header.contextLength() == 8192 ? 2048 : 512
    try keys(&header, context: trained)
    header.key("moe_every_n_layers", step > 0 ? step : nil)
    markNomic(config)
    let bias = step > 0
    try header.encoderEmbedding()
    try header.eachLayer { header, layer in
      header.fusedAttention(bias: bias, outputBias: bias)
      header.norm("attn_output_norm", bias: true)
      if step > 0 && layer % step == 1 {
        header.mixture(header.feedForward, gated: false)
      } else {
        header.network(gated: step == 0, bias: bias)
      }
      header.norm("layer_output_norm", bias: true)
    }
    return header
  }

  private static func markNomic(_ config: ConfigurationReader) {
    config.ignore(
      "qkv_proj_bias", "mlp_fc1_bias", "mlp_fc2_bias", "prenorm", "use_rms_norm",
      "pad_vocab_size_multiple", "parallel_block", "parallel_block_tied_norm", "use_xentropy",
      "expert_choice_router", "ffn_div", "moe_normalize_expert_weights", "num_shared_experts",
      "moe_resid_pdrop", "add_pooling_layer", "use_bias", "max_trained_positions", "mup",
      "dense_seq_output", "last_layer_subset", "use_flash_attn", "scale_attn_weights",
      "summary_proj_to_labels", "summary_use_proj", "reorder_and_upcast_attn",
      "scale_attn_by_inverse_layer_idx")
  }

  private static func modern(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("modern-bert", config)
    try keys(&header, context: try header.contextLength())
    header.key("attention.sliding_window", try config.optional("local_attention", "sliding_window"))
    header.key(
      "attention.sliding_window_pattern", try config.optional("global_attn_every_n_layers"))
    config.ignore(
      "layer_types", "classifier_pooling", "deterministic_flash_attn", "sparse_prediction",
      "sparse_pred_ignore_index", "norm_bias", "mlp_bias", "attention_bias", "decoder_bias",
      "repad_logits_with_grad")
    try header.encoderEmbedding(normBias: false)
    try header.eachLayer { header, layer in
      if layer > 0 { header.norm("attn_norm") }
      header.fusedAttention()
      header.norm("ffn_norm")
      header.network(fused: true)
    }
    header.norm("output_norm")
    return header
  }

  private static func neo(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("neo-bert", config)
    header.feedForward = 2 * header.feedForward / 3
    try keys(&header, context: try header.contextLength())
    header.key("feed_forward_length", header.feedForward)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.fusedAttention()
      header.norm("ffn_norm")
      header.network(fused: true)
    }
    header.norm("enc.output_norm")
    return header
  }

  private static func euro(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("eurobert", config)
    try keys(&header, context: try header.contextLength())
    config.ignore("clf_pooling", "attention_bias", "mlp_bias", "mask_token")
    try header.plainLayers(LayerForm())
    header.norm("output_norm")
    return header
  }
}
