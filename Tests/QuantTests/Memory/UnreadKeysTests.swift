// SPDX-License-Identifier: MIT
import Quant
import Testing

/// A configuration that is not understood does not pass in silence.
@Suite("Keys of configurations that nobody understands") struct UnreadKeysTests {
  private static func json(_ more: String, type: String = "llama") -> String {
    """
    {"model_type": "\(type)", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
     "num_attention_heads": 4, "vocab_size": 100\(more.isEmpty ? "" : ", " + more)}
    """
  }

  private static func weights(_ json: String) throws -> Int {
    let header = try ArchitectureRegistry.header(ofConfiguration: json, file: "config.json")
    return header.tensors.reduce(0) { $0 + $1.dimensions.reduce(1, *) }
  }

  @Test(arguments: [
    (#""memory_slots": 64"#, "the key \"memory_slots\" is not understood"),
    (#""use_second_network": true"#, "the key \"use_second_network\" is not understood"),
    (#""draft_vocab_size": 32000"#, "the key \"draft_vocab_size\" is not understood"),
    (#""extra_blocks": {"count": 3}"#, "the key \"extra_blocks\" is not understood"),
    (#""layer_types": ["full_attention", "mamba"]"#, "the key \"layer_types\" is not understood"),
    (#""block_pattern": "AB""#, "the key \"block_pattern\" is not understood"),
    (#""num_key_value_heads": "two""#, "num_key_value_heads: expected a whole number"),
    (#""num_key_value_heads": -1"#, "num_key_value_heads: expected a whole number"),
    (#""head_dim": 1e300"#, "head_dim: expected a whole number"),
    (#""tie_word_embeddings": "no""#, "tie_word_embeddings: expected true or false"),
  ])
  func `a key that sizes may depend on is named`(more: String, message: String) {
    let error = #expect(throws: QuantError.self) { try Self.weights(Self.json(more)) }
    #expect(error?.description.contains("config.json: \(message)") == true, "\(error as Any)")
  }

  /// Training, generation, rotation, quantization, and whatever is off.
  @Test(arguments: [
    #""initializer_range": 0.02, "attention_dropout": 0.1, "router_aux_loss_coef": 0.001"#,
    #""bos_token_id": 1, "eos_token_id": [2, 3], "pad_token_id": 0, "torch_dtype": "bfloat16""#,
    #""rope_theta": 10000.0, "rope_scaling": {"type": "dynamic", "factor": 4, "alpha": 1000}"#,
    #""quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}"#,
    #""auto_map": {"AutoConfig": "x.Y"}, "pretraining_tp": 4, "transformers_version": "5.0""#,
    #""memory_slots": 0, "use_second_network": false, "extra_blocks": null, "more": []"#,
    #""layer_types": ["full_attention", "full_attention"], "max_window_layers": 28"#,
  ])
  func `what no size depends on passes`(more: String) throws {
    #expect(try Self.weights(Self.json(more)) == Self.weights(Self.json("")))
  }

  @Test(arguments: [
    (
      "qwen3_noe",
      "model_type: expected a type that llama.cpp converts, found \"qwen3_noe\" (did you mean"
    ),
    ("whisper", "found \"whisper\""), ("", "expected the key \"model_type\", found none"),
  ])
  func `a type that is not converted is refused`(type: String, message: String) {
    let error = #expect(throws: QuantError.self) {
      try Self.weights(Self.json("", type: type))
    }
    #expect(error?.description.contains(message) == true, "\(error as Any)")
  }

  @Test(arguments: ["[]", "{", "7", "", "{\"model_type\": \"llama\""])
  func `what is no object is refused`(text: String) {
    let error = #expect(throws: QuantError.self) { try Self.weights(text) }
    #expect(error?.description == "config.json: expected a JSON object, found something else")
  }

  /// Every type with sizes of nothing but the widest numbers: refused or made, never a crash.
  @Test(arguments: ArchitectureRegistry.modelTypes)
  func `extreme sizes do no harm`(type: String) {
    for size in [0, 1, 1 << 28] {
      var numbers = [
        "num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads",
        "num_key_value_heads", "head_dim", "vocab_size", "num_experts", "num_experts_per_tok",
        "moe_intermediate_size", "kv_lora_rank", "q_lora_rank", "mamba_num_heads",
        "mamba_head_dim", "n_shared_experts", "index_n_heads", "index_head_dim", "index_topk",
        "d_model", "head_size", "conv_L_cache", "num_nextn_predict_layers",
      ].map { "\"\($0)\": \(size)" }
      numbers[0] = "\"num_hidden_layers\": 2"
      let json = "{\"model_type\": \"\(type)\", \(numbers.joined(separator: ", "))}"
      if let header = try? ArchitectureRegistry.header(ofConfiguration: json, file: "c") {
        _ = try? MemoryModel(header, name: "c")
      }
    }
  }
}
