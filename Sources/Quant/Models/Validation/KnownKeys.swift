// SPDX-License-Identifier: MIT
public import GGUF

/// What kind of value a key has that programs read by its type.
///
/// Keys that are not listed may hold anything. Keys of architectures are listed without their prefix.
public enum KnownKeys {
  /// A kind of value.
  package enum Kind: Sendable {
    case text, texts
    case flag
    /// A whole number, or one for each layer.
    case count
    /// A number, or one for each layer.
    case number
  }

  /// The kind of a key; `nil` for a key that is not listed.
  package static func kind(of key: String, architecture: String?) -> Kind? {
    if let kind = whole[key] { return kind }
    if key.hasPrefix("tokenizer.ggml.") && key.hasSuffix("_token_id") { return .count }
    if key.hasPrefix("tokenizer.chat_template.") { return .text }
    guard let architecture, key.hasPrefix(architecture + ".") else { return nil }
    return own[String(key.dropFirst(architecture.utf8.count + 1))]
  }

  /// The type that a new value of a key is stored as; `nil` for a key that is not listed, and for lists.
  public static func type(of key: String, architecture: String?) -> MetadataType? {
    switch kind(of: key, architecture: architecture) {
    case .text: .string
    case .flag: .bool
    case .count: .uint32
    case .number: .float32
    case .texts, nil: nil
    }
  }

  /// The type of the elements of a new list; `nil` for a key that is not listed.
  public static func elementType(of key: String, architecture: String?) -> MetadataType? {
    switch kind(of: key, architecture: architecture) {
    case .text, nil: nil
    case .texts: .string
    case .flag: .bool
    case .count: .int32
    case .number: .float32
    }
  }

  private static let whole: [String: Kind] = table([
    (
      .text,
      """
      general.architecture general.type general.name general.author general.version
      general.organization general.basename general.finetune general.description
      general.quantized_by general.size_label general.license general.license.name
      general.license.link general.url general.repo_url general.source.url
      tokenizer.ggml.model tokenizer.ggml.pre tokenizer.chat_template
      """
    ),
    (
      .texts,
      """
      general.tags general.languages tokenizer.ggml.tokens tokenizer.ggml.merges
      tokenizer.chat_templates
      """
    ),
    (
      .flag,
      """
      tokenizer.ggml.add_bos_token tokenizer.ggml.add_eos_token tokenizer.ggml.add_sep_token
      tokenizer.ggml.add_space_prefix tokenizer.ggml.remove_extra_whitespaces
      tokenizer.ggml.normalizer.lowercase
      """
    ),
    (
      .count,
      "general.file_type general.quantization_version general.alignment tokenizer.ggml.token_type_count"
    ),
  ])

  private static let own: [String: Kind] = table([
    (.text, "rope.scaling.type"),
    (
      .flag,
      """
      attention.causal expert_weights_norm rope.scaling.finetuned use_parallel_residual
      attention.recurrent_layers
      """
    ),
    (
      .count,
      """
      block_count context_length embedding_length feed_forward_length vocab_size
      attention.head_count attention.head_count_kv attention.key_length attention.value_length
      attention.key_length_mla attention.value_length_mla attention.key_length_swa
      attention.value_length_swa attention.sliding_window attention.q_lora_rank
      attention.kv_lora_rank attention.shared_kv_layers attention.indexer.head_count
      attention.indexer.key_length attention.indexer.top_k
      expert_count expert_used_count expert_shared_count expert_feed_forward_length
      expert_shared_feed_forward_length expert_group_count expert_group_used_count
      expert_gating_func leading_dense_block_count nextn_predict_layers
      interleave_moe_layer_step full_attention_interval embedding_length_per_layer_input
      rope.dimension_count rope.dimension_count_swa rope.dimension_sections
      rope.scaling.original_context_length pooling_type
      ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank ssm.group_count
      shortconv.l_cache wkv.head_size
      expert_chunk_feed_forward_length experts_per_group
      """
    ),
    (
      .number,
      """
      attention.layer_norm_epsilon attention.layer_norm_rms_epsilon attention.clamp_kqv
      attention.max_alibi_bias attention.scale attn_logit_softcapping final_logit_softcapping
      router_logit_softcapping embedding_scale residual_scale logit_scale expert_weights_scale
      rope.freq_base rope.freq_base_swa rope.scale_linear rope.scaling.factor
      rope.scaling.attn_factor rope.scaling.yarn_beta_fast rope.scaling.yarn_beta_slow
      rope.scaling.yarn_log_multiplier
      attention.value_scale expert_group_scale rope.scaling.alpha swiglu_clamp_exp
      swiglu_clamp_shexp
      """
    ),
  ])

  private static func table(_ lists: [(Kind, String)]) -> [String: Kind] {
    lists.reduce(into: [:]) { table, list in
      for key in list.1.split(whereSeparator: \.isWhitespace) { table[String(key)] = list.0 }
    }
  }
}

extension KnownKeys.Kind {
  /// What is expected, in words.
  var inWords: String {
    switch self {
    case .text: "a string"
    case .texts: "an array of strings"
    case .flag: "true or false"
    case .count: "a whole number"
    case .number: "a number"
    }
  }

  /// Whether a value is of the kind. Programs differ in what widths they take, so that any will do.
  func holds(_ value: MetadataValue) -> Bool {
    let type = value.elements?.elementType ?? value.type
    switch self {
    case .text: return value.type == .string
    case .texts: return value.elements != nil && type == .string
    case .flag: return type == .bool
    case .count: return type.isInteger
    case .number: return type.isInteger || type == .float32 || type == .float64
    }
  }
}

extension MetadataType {
  /// Whether values are whole numbers.
  public var isInteger: Bool {
    switch self {
    case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: true
    case .float32, .float64, .bool, .string, .array: false
    }
  }
}
