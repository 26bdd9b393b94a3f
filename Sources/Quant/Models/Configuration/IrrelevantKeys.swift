// SPDX-License-Identifier: MIT

/// The keys of configurations that no size depends on.
enum IrrelevantKeys {
  /// Whether a size may depend on a key that nobody reads.
  ///
  /// What is off, empty or null adds nothing. Texts name functions, types of numbers and programs; only
  /// those that speak of layers can say how many of what there are.
  static func matters(_ key: String, _ value: ConfigurationValue) -> Bool {
    guard !value.isNothing, !names.contains(key) else { return false }
    if let kinds = value.list?.compactMap(\.text), key.hasSuffix("layer_types") {
      return !kinds.allSatisfy(attention.contains)
    }
    let name = key.lowercased()
    if value.text != nil { return layered.contains(where: name.contains) }
    return !parts.contains(where: name.contains) && !endings.contains(where: name.hasSuffix)
      && !beginnings.contains(where: name.hasPrefix)
  }

  /// Kinds of layers that all have the same tensors.
  private static let attention = [
    "full_attention", "sliding_attention", "chunked_attention", "attention",
  ]

  /// What texts that say something of layers have in their names.
  private static let layered = ["layer", "block", "pattern", "hybrid"]

  /// Parts of names: training, generation, rotation, other inputs, quantization, labels.
  private static let parts = [
    "dropout", "droppath", "drop_path", "pdrop", "initializer", "init_", "_init", "loss", "aux_",
    "_aux", "token_id", "tokens_id", "token_index", "quantization", "quant_", "vision", "visual",
    "image", "video", "audio", "speech", "sound", "pixel", "projector", "mm_", "vit_", "rope",
    "rotary", "yarn", "theta", "scaling", "multiplier", "temperature", "softcap", "epsilon",
    "jitter", "label", "gradient", "checkpoint", "attn_impl", "attention_impl", "flash", "sdpa",
    "fused", "cache", "dtype", "version", "bos_", "eos_", "pad_", "beam", "penalty", "seed",
    "generation", "tokenizer", "trained", "training", "attn_logit", "logits", "router_z",
    "router_bias_update", "deepstack", "sampling", "mtp", "nextn", "context_length", "merge_size",
    "pooler", "unsloth", "anyres", "media", "_start_id",
    "_end_id", "compile",
    "memory_efficient", "fast_path", "kernels",
  ]

  private static let endings = [
    "_eps", "_std", "_coef", "_coeff", "_coefficient", "_alpha", "_beta", "_gamma", "_factor",
    "_scale", "_scales", "_clip", "_limit", "_limits", "_min", "_max", "_floor", "_act", "_fn",
    "_prob", "_probs", "_norm_topk", "_rate", "_cap", "_range", "_func", "_interleave",
    "_interleaved", "_prompts", "_dims_used", "_weight_decay", "_token", "_tokens",
  ]

  private static let beginnings = ["_", "ep_", "tp_", "pretraining_", "output_", "return_"]

  private static let names: Set<String> = [
    "architectures", "auto_map", "id2label", "label2id", "task_specific_params", "use_cache",
    "torchscript", "is_decoder", "is_encoder_decoder", "is_causal", "causal",
    "cross_attention_hidden_size",
    "add_cross_attention", "chunk_size_feed_forward", "max_length", "min_length", "top_k", "top_p",
    "typical_p", "num_return_sequences", "pruned_heads", "finetuning_task", "problem_type",
    "use_bfloat16", "tf_legacy_loss", "prefix", "bad_words_ids", "max_window_layers",
    "norm_topk_prob", "seq_aux", "score_func", "mscale", "query_pre_attn_scalar", "attn_scale",
    "attn_temperature_tuning", "floor_scale", "use_mamba_kernels", "use_pos_enc", "alibi",
    "use_mcore_models", "parallel_attn", "num_ln_in_parallel_attn", "use_sliding_window",
    "silu_activation", "gelu_activation", "rescale_every", "rescale_prenorm_residual",
    "residual_in_fp32", "fp32_residual_connection", "time_step_limit", "time_step_floor",
    "time_step_min", "time_step_max", "mamba_chunk_size", "chunk_size", "mamba_dt_limit",
    "mlp_multipliers", "ssm_multipliers", "sep_token_id", "classifier_bias", "embd_layer",
    "vocab_size_per_layer_input", "use_bidirectional_attention", "cls_token_id", "unk_token_id",
    "num_attention_heads_per_rank", "moe_implementation", "mlp_activation", "n_ctx_train",
    "apply_query_key_layer_scaling", "attention_softmax_in_fp32",
    "apply_residual_connection_post_layernorm",
    "interleaved_qkv", "post_layer_norm", "original_rope", "tie_encoder_decoder", "no_rope_layers",
    "no_rope_layer_interval", "activation_sparsity_pattern", "attention_chunk_size",
    "skip_bias_add",
    "use_cache_quantization", "use_dynamic_ntk", "use_logn_attn", "onnx_safe", "fp16", "fp32",
    "bf16",
    "seq_length", "max_seq_len", "max_seq_length", "max_sequence_length", "model_max_length",
    "max_position_embeddings", "original_max_position_embeddings", "head_dim_original",
    "transformers",
    "max_model_len", "full_attn_mod", "interpolate_factor", "mup_denominator", "offset_alibi",
    "masked_softmax_fusion", "skip_bias_add_qkv", "tie_weights_", "tie_encoder_weights", "rms_norm",
    "compression_ratio", "weight_share_add_bias", "ignored_index", "freq_allocation", "dense_list",
    "org_vocab_size", "use_rmsnorm", "verbose", "qk_head_dim", "sinusoidal_pos_embds",
    "im_newline_id", "downsample_ratio",
    "position_id_per_seconds", "transformers_weights", "num_logits_to_keep",
    "tie_word_embeddings", "order_of_interleaved_layers", "block_use_swiglu",
    "block_use_xavier_init", "block_norm_eps", "block_mlp_init_scale",
    "sliding_window", "sliding_window_size", "language_model_only", "special_tokens_map",
  ]
}
