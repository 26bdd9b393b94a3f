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
    if value.text != nil { return layered.contains(where: name.holds) }
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
    "fused", "cache", "dtype", "version", "bos_", "eos_", "pad_", "beam", "beta_", "time_step",
    "scale_attn", "perceiver", "transformers", "resampler", "penalty",
    "seed",
    "generation", "tokenizer", "trained", "training", "attn_logit", "logits", "router_z",
    "router_bias_update", "deepstack", "sampling", "mtp", "nextn", "context_length", "merge_size",
    "pooler", "unsloth", "anyres", "media", "_start_id", "_end_id", "compile", "memory_efficient",
    "fast_path", "kernels",
  ]

  private static let endings = [
    "_eps", "_std", "_coef", "_coeff", "_coefficient", "_alpha", "_beta", "_gamma", "_factor",
    "_scale", "_scales", "_clip", "_limit", "_limits", "_min", "_max", "_floor", "_act", "_fn",
    "_prob", "_probs", "_rate", "_cap", "_range", "_func", "_interleave", "_interleaved",
    "_weight_decay",
  ]

  private static let beginnings = ["_", "ep_", "tp_", "pretraining_", "output_", "return_"]

  private static let names: Set<String> = [
    "activation_sparsity_pattern", "add_cross_attention", "alibi",
    "apply_query_key_layer_scaling", "apply_residual_connection_post_layernorm", "architectures",
    "attention_chunk_size", "attention_softmax_in_fp32", "attn_scale", "attn_temperature_tuning",
    "auto_map", "bad_words_ids", "bf16", "bias_dropout_fusion", "block_mlp_init_scale",
    "block_norm_eps", "block_use_swiglu", "block_use_xavier_init", "capacity_factor", "causal",
    "chunk_size", "chunk_size_feed_forward", "classifier_bias", "cls_token_id",
    "compression_ratio", "cross_attention_hidden_size", "dense_list", "diversity_penalty",
    "do_sample", "downsample_ratio", "early_stopping", "embd_layer", "finetuning_task",
    "floor_scale", "forced_decoder_ids", "fp16", "fp32", "fp32_residual_connection",
    "freq_allocation", "full_attn_mod", "gelu_activation", "head_dim_original", "id2label",
    "ignored_index", "im_newline_id", "interleaved_qkv", "interpolate_factor", "is_causal",
    "is_composition", "is_decoder", "is_encoder_decoder", "label2id", "language_model_only",
    "mamba_chunk_size", "mamba_dt_limit", "masked_softmax_fusion", "max_length", "max_model_len",
    "max_new_tokens", "max_position_embeddings", "max_seq_len", "max_seq_length",
    "max_sequence_length", "max_window_layers", "min_length", "mlp_activation", "mlp_multipliers",
    "model_max_length", "moe_capacity", "moe_implementation", "mscale", "mup_denominator",
    "n_ctx_train", "no_rope_layer_interval", "no_rope_layers", "norm_topk_prob",
    "num_attention_heads_per_rank", "num_ln_in_parallel_attn", "num_logits_to_keep",
    "num_return_sequences", "offset_alibi", "onnx_safe", "order_of_interleaved_layers",
    "org_vocab_size", "original_max_position_embeddings", "original_rope", "parallel_attn",
    "position_id_per_seconds", "post_layer_norm", "prefix", "problem_type", "pruned_heads",
    "qk_head_dim", "quantization_bit", "query_pre_attn_scalar", "remove_invalid_values",
    "rescale_every", "rescale_prenorm_residual", "residual_in_fp32", "rms_norm", "score_func",
    "sep_token_id", "seq_aux", "seq_length", "silu_activation", "sinusoidal_pos_embds",
    "skip_bias_add", "skip_bias_add_qkv", "sliding_window", "sliding_window_size",
    "special_tokens_map", "ssm_multipliers", "suppress_tokens", "task_specific_params",
    "tf_legacy_loss", "tie_encoder_decoder", "tie_encoder_weights", "tie_weights_",
    "tie_word_embeddings", "time_step_floor", "time_step_limit", "time_step_max", "time_step_min",
    "top_k", "top_p", "torchscript", "transformers", "transformers_weights", "trust_remote_code",
    "typical_p", "unk_token_id", "use_bfloat16", "use_bidirectional_attention", "use_cache",
    "use_cache_quantization", "use_dynamic_ntk", "use_logn_attn", "use_mamba_kernels",
    "use_mcore_models", "use_pos_enc", "use_rmsnorm", "use_sliding_window", "verbose",
    "vocab_size_per_layer_input", "weight_share_add_bias",
  ]
}
