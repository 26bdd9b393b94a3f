// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// Published models made from what their configurations say.
@Suite("Models from configurations") struct ConfiguredModelTests {
  private static func model(_ json: String) throws -> MemoryModel {
    try MemoryModel(
      ArchitectureRegistry.header(ofConfiguration: json, file: "config.json"), name: "config.json")
  }

  /// Weights as they are counted in the published files, to the last one.
  static let published: [(json: String, weights: Int)] = [
    (
      """
      {"model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072, "head_dim": 128,
       "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8,
       "vocab_size": 151936, "tie_word_embeddings": true}
      """, 596_049_920
    ),
    (
      """
      {"model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864,
       "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
       "vocab_size": 151936, "tie_word_embeddings": true}
      """, 494_032_768
    ),
    (
      """
      {"model_type": "llama", "hidden_size": 576, "intermediate_size": 1536,
       "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
       "vocab_size": 49152, "tie_word_embeddings": true}
      """, 134_515_008
    ),
    (
      """
      {"model_type": "gemma3_text", "hidden_size": 1152, "intermediate_size": 6912,
       "num_hidden_layers": 26, "num_attention_heads": 4, "num_key_value_heads": 1,
       "head_dim": 256, "vocab_size": 262144, "sliding_window": 512}
      """, 999_885_952
    ),
    (
      """
      {"model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024,
       "vocab_size": 50257}
      """, 124_439_808
    ),
    (
      """
      {"model_type": "gpt_neox", "hidden_size": 768, "intermediate_size": 3072,
       "num_hidden_layers": 12, "num_attention_heads": 12, "vocab_size": 50304}
      """, 162_322_944
    ),
    (
      """
      {"model_type": "mamba", "hidden_size": 768, "num_hidden_layers": 24, "state_size": 16,
       "conv_kernel": 4, "expand": 2, "time_step_rank": 48, "vocab_size": 50280}
      """, 129_135_360
    ),
    (
      """
      {"model_type": "bert", "hidden_size": 768, "intermediate_size": 3072,
       "num_hidden_layers": 12, "num_attention_heads": 12, "vocab_size": 30522,
       "max_position_embeddings": 512, "type_vocab_size": 2}
      """, 108_891_648
    ),
    (
      """
      {"model_type": "modernbert", "hidden_size": 768, "intermediate_size": 1152,
       "num_hidden_layers": 22, "num_attention_heads": 12, "vocab_size": 50368,
       "local_attention": 128, "global_attn_every_n_layers": 3}
      """, 149_014_272
    ),
    (
      """
      {"model_type": "phi3", "hidden_size": 3072, "intermediate_size": 8192,
       "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 32064}
      """, 3_821_079_552
    ),
    (
      """
      {"model_type": "olmoe", "hidden_size": 2048, "intermediate_size": 1024,
       "num_hidden_layers": 16, "num_attention_heads": 16, "num_experts": 64,
       "num_experts_per_tok": 8, "vocab_size": 50304}
      """, 6_919_161_856
    ),
    (
      """
      {"model_type": "deepseek_v2", "hidden_size": 2048, "intermediate_size": 10944,
       "moe_intermediate_size": 1408, "num_hidden_layers": 27, "num_attention_heads": 16,
       "n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6,
       "first_k_dense_replace": 1, "q_lora_rank": null, "kv_lora_rank": 512,
       "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab_size": 102400}
      """, 15_706_484_224
    ),
    (
      """
      {"model_type": "gpt_oss", "hidden_size": 2880, "intermediate_size": 2880,
       "num_hidden_layers": 24, "num_attention_heads": 64, "num_key_value_heads": 8,
       "head_dim": 64, "num_local_experts": 32, "num_experts_per_tok": 4, "vocab_size": 201088,
       "sliding_window": 128}
      """, 20_914_757_184
    ),
    (
      """
      {"model_type": "lfm2", "hidden_size": 1024, "block_ff_dim": 6656, "num_hidden_layers": 16,
       "num_attention_heads": 16, "num_key_value_heads": 8, "vocab_size": 65536,
       "full_attn_idxs": [2, 5, 8, 10, 12, 14]}
      """, 354_483_968
    ),
    (
      """
      {"model_type": "t5", "d_model": 512, "d_ff": 2048, "d_kv": 64, "num_layers": 6,
       "num_heads": 8, "vocab_size": 32128, "feed_forward_proj": "relu"}
      """, 60_506_624
    ),
    (
      """
      {"model_type": "bloom", "hidden_size": 1024, "n_layer": 24, "n_head": 16,
       "vocab_size": 250880}
      """, 559_214_592
    ),
    (
      """
      {"model_type": "stablelm", "hidden_size": 2048, "intermediate_size": 5632,
       "num_hidden_layers": 24, "num_attention_heads": 32, "vocab_size": 100352,
       "use_qkv_bias": true}
      """, 1_644_515_328
    ),
    (
      """
      {"model_type": "chatglm", "hidden_size": 4096, "ffn_hidden_size": 13696, "num_layers": 28,
       "num_attention_heads": 32, "multi_query_group_num": 2, "multi_query_attention": true,
       "kv_channels": 128, "padded_vocab_size": 65024, "seq_length": 8192}
      """, 6_243_584_000
    ),
    (
      """
      {"model_type": "cohere", "hidden_size": 8192, "intermediate_size": 22528,
       "num_hidden_layers": 40, "num_attention_heads": 64, "vocab_size": 256000}
      """, 34_980_831_232
    ),
  ]

  @Test(arguments: published)
  func `weights are those that were published`(json: String, weights: Int) throws {
    #expect(try Self.model(json).weightCount == weights)
  }

  /// Layers that only predict ahead stand behind the others, and do not count as the model's.
  @Test func `layers that predict ahead are told apart`() throws {
    let model = try Self.model(
      """
      {"model_type": "glm4_moe", "hidden_size": 64, "intermediate_size": 128, "head_dim": 16,
       "moe_intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
       "num_key_value_heads": 2, "n_routed_experts": 4, "num_experts_per_tok": 2,
       "n_shared_experts": 1, "first_k_dense_replace": 1, "num_nextn_predict_layers": 1,
       "vocab_size": 100, "attention_bias": true}
      """)
    #expect(model.shape.layerCount == 3)
    // Attention 12,416 with biases, five experts of 6,144, a router of 256 + 4, two norms of 64; then the
    // product of 8,192, three norms and two tables of 6,400.
    #expect(model.aheadWeightCount == 12_416 + 30_720 + 260 + 128 + 8192 + 192 + 12_800)
    #expect(model.activeWeightCount < model.weightCount - model.aheadWeightCount)
  }

  /// Nested configurations leave out what their class has anyway.
  @Test func `a nested configuration takes the defaults of its class`() throws {
    let model = try Self.model(
      """
      {"model_type": "gemma3", "image_token_index": 262144, "mm_tokens_per_image": 256,
       "vision_config": {"hidden_size": 1152},
       "text_config": {"model_type": "gemma3_text", "hidden_size": 2560,
        "intermediate_size": 10240, "num_hidden_layers": 34, "sliding_window": 1024}}
      """)
    #expect(model.weightCount == 3_880_263_168)
    #expect(model.shape.architecture == "gemma3")
    #expect(model.shape.vocabulary == 262_208)
  }

  /// Mistral's own files have no type and other names.
  @Test func `Mistral's own file is read`() throws {
    let model = try Self.model(
      """
      {"dim": 64, "n_layers": 2, "head_dim": 16, "hidden_dim": 96, "n_heads": 4, "n_kv_heads": 2,
       "norm_eps": 1e-5, "vocab_size": 100, "rope_theta": 1e9, "max_seq_len": 4096}
      """)
    #expect(model.shape.architecture == "llama")
    #expect(model.shape.trainedContext == 4096)
    #expect(
      model.weightCount == 2 * 6400 + 64 + 2 * (64 * 64 * 2 + 2 * 64 * 32 + 3 * 64 * 96 + 128))
  }

  /// What layers are is said by letters, by words, by lists and by periods.
  @Test(arguments: [
    (
      """
      {"model_type": "nemotron_h", "hidden_size": 64, "intermediate_size": 128,
       "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "mamba_num_heads": 4,
       "mamba_head_dim": 16, "ssm_state_size": 8, "n_groups": 2, "vocab_size": 100,
       "hybrid_override_pattern": "M-*-", "time_step_limit": [0.0, Infinity]}
      """, [2], [0]
    ),
    (
      """
      {"model_type": "qwen3_5", "text_config": {"model_type": "qwen3_5_text", "hidden_size": 64,
       "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2,
       "head_dim": 16, "linear_key_head_dim": 8, "linear_num_key_heads": 2,
       "linear_num_value_heads": 4, "linear_value_head_dim": 8, "vocab_size": 100,
       "num_hidden_layers": 4, "layer_types": ["linear_attention", "full_attention",
       "linear_attention", "full_attention"]}}
      """, [1, 3], [0, 2]
    ),
    (
      """
      {"model_type": "jamba", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 4,
       "num_attention_heads": 4, "num_key_value_heads": 2, "num_experts": 2,
       "num_experts_per_tok": 1, "attn_layer_period": 2, "attn_layer_offset": 1,
       "vocab_size": 100}
      """, [1, 3], [0, 2]
    ),
    (
      """
      {"model_type": "kimi_linear", "hidden_size": 64, "intermediate_size": 96,
       "moe_intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
       "num_experts": 4, "num_experts_per_token": 2, "num_shared_experts": 1,
       "first_k_dense_replace": 1, "kv_lora_rank": 32, "qk_nope_head_dim": 16,
       "qk_rope_head_dim": 8, "v_head_dim": 16, "vocab_size": 100,
       "linear_attn_config": {"full_attn_layers": [2], "kda_layers": [1], "head_dim": 16,
       "num_heads": 4, "short_conv_kernel_size": 4}}
      """, [1], [0]
    ),
  ])
  func `layers attend or keep a state as the configuration says`(
    json: String, attending: [Int], recurrent: [Int]
  ) throws {
    let tensors = try Self.model(json).tensors
    let layers = { (parts: [String]) in
      Set(
        tensors.filter { tensor in parts.contains { tensor.name.contains($0) } }.compactMap(\.layer)
      )
    }
    #expect(layers([".attn_output.weight"]).subtracting(layers([".ssm_"])) == Set(attending))
    #expect(layers([".ssm_"]) == Set(recurrent))
  }
}
