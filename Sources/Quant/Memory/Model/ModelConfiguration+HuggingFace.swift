// SPDX-License-Identifier: MIT
public import QuantModels

/// The keys of a `config.json` as Hugging Face has them, of those that sizes depend on.
public struct HuggingFaceConfiguration: Decodable, Sendable {
  let model_type: String?
  let hidden_size: Int?
  let intermediate_size: Int?
  let num_hidden_layers: Int?
  let num_attention_heads: Int?
  let num_key_value_heads: Int?
  let head_dim: Int?
  let vocab_size: Int?
  let max_position_embeddings: Int?
  let tie_word_embeddings: Bool?
  let sliding_window: Int?
  let use_sliding_window: Bool?
  let num_experts: Int?
  let num_local_experts: Int?
  let n_routed_experts: Int?
  let num_experts_per_tok: Int?
  let moe_intermediate_size: Int?
  let n_shared_experts: Int?
  let shared_expert_intermediate_size: Int?
  let first_k_dense_replace: Int?
  let decoder_sparse_step: Int?
  let n_group: Int?
  let topk_group: Int?
  let scoring_func: String?
  let q_lora_rank: Int?
  let kv_lora_rank: Int?
  let qk_nope_head_dim: Int?
  let qk_rope_head_dim: Int?
  let v_head_dim: Int?
  let attention_bias: Bool?

  /// Models of several kinds of input keep their language model's configuration in here.
  public struct Wrapper: Decodable {
    /// The language model.
    public let text_config: HuggingFaceConfiguration?
  }
}

extension ModelConfiguration {
  /// Takes the sizes of a `config.json`.
  ///
  /// - Throws: `QuantError.content` naming a key that is missing.
  public init(_ config: HuggingFaceConfiguration, file: String) throws(QuantError) {
    self.init()
    func required(_ value: Int?, _ key: String) throws(QuantError) -> Int {
      guard let value else {
        throw .content(file: file, line: 0, what: "expected the key \"\(key)\", found none")
      }
      return value
    }
    let (architecture, mapping) = ArchitectureRegistry.huggingFace(
      config.model_type ?? ArchitectureRegistry.plain)
    self.architecture = architecture
    layers = try required(config.num_hidden_layers, "num_hidden_layers")
    embedding = try required(config.hidden_size, "hidden_size")
    heads = try required(config.num_attention_heads, "num_attention_heads")
    vocabulary = try required(config.vocab_size, "vocab_size")
    feedForward = config.intermediate_size ?? 0
    keyValueHeads = config.num_key_value_heads ?? heads
    headSize = config.head_dim ?? 0
    context = config.max_position_embeddings ?? context
    isTied = config.tie_word_embeddings ?? mapping.isTied
    slidingWindow = config.use_sliding_window == false ? 0 : config.sliding_window ?? 0
    normsQueries = mapping.normsQueries
    hasBias = config.attention_bias ?? mapping.hasBias
    hasPostNorms = mapping.hasPostNorms
    hasSinks = mapping.hasSinks
    takeExperts(config)
    takeLatent(config)
  }

  private mutating func takeExperts(_ config: HuggingFaceConfiguration) {
    experts = config.n_routed_experts ?? config.num_local_experts ?? config.num_experts ?? 0
    guard experts > 0 else { return }
    usedExperts = config.num_experts_per_tok ?? 1
    expertFeedForward = config.moe_intermediate_size ?? 0
    sharedExperts = config.n_shared_experts ?? 0
    sharedFeedForward = config.shared_expert_intermediate_size ?? 0
    denseLayers = config.first_k_dense_replace ?? 0
    expertStep = config.decoder_sparse_step ?? 1
    expertGroups = config.n_group ?? 0
    usedExpertGroups = config.topk_group ?? 0
    usesSigmoid = config.scoring_func == "sigmoid"
  }

  private mutating func takeLatent(_ config: HuggingFaceConfiguration) {
    latentRank = config.kv_lora_rank ?? 0
    guard latentRank > 0 else { return }
    queryRank = config.q_lora_rank ?? 0
    plainHeadSize = config.qk_nope_head_dim ?? 128
    rotaryHeadSize = config.qk_rope_head_dim ?? 64
    valueHeadSize = config.v_head_dim ?? plainHeadSize
    headSize = plainHeadSize + rotaryHeadSize
  }
}
