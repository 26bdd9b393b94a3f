// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// What a model looks like whose architecture nobody described.
///
/// Variants of an architecture often come under a name of their own. Their tensors and keys tell what they
/// are variants of; what is read by its rules is a bound all the same.
struct Likeness {
  private let reader: KeyReader
  /// The names of tensors, without `blk.N.` and `.weight`.
  private let parts: Set<String>
  /// Whether any layer has both attention and a state.
  private let isParallel: Bool

  private init(_ reader: KeyReader, _ tensors: [String: [Int]]) {
    self.reader = reader
    var parts: Set<String> = []
    var layers: [Substring: Set<Int>] = [:]
    for name in tensors.keys {
      let layer = TensorName.layer(of: name)
      let part = name.dropFirst(layer.map { "blk.\($0).".count } ?? 0)
      let stem = part.hasSuffix(".weight") ? part.dropLast(".weight".count) : part
      parts.insert(String(stem))
      if let layer { layers[stem, default: []].insert(layer) }
    }
    self.parts = parts
    isParallel = !(layers["ssm_in"] ?? []).isDisjoint(with: layers["attn_q"] ?? [])
  }

  /// Whether anybody described what an architecture keeps.
  static func isKnown(_ architecture: String) -> Bool {
    ArchitectureRegistry.knows(architecture) || MemoryFamilies.named(architecture) != nil
  }

  /// The architecture whose rules a model is read by: its own, or if nobody knows that, the one that it
  /// looks like; its own where it looks like none with rules of its own.
  static func architecture(_ reader: KeyReader, _ tensors: [String: [Int]]) -> String {
    guard !isKnown(reader.architecture) else { return reader.architecture }
    let looks = Likeness(reader, tensors)
    return marks.first { $0.isSeen(looks) }?.architecture ?? reader.architecture
  }

  private func has(_ part: String) -> Bool { parts.contains(part) }
  private func hasNone(_ others: String...) -> Bool { parts.isDisjoint(with: others) }
  private func states(_ key: String) -> Bool { reader.has(key) }
  private var hasWindow: Bool {
    (reader.value("attention.sliding_window")?.integer ?? 0) > 0
  }
  private var hasMamba2: Bool { has("ssm_in") && !has("ssm_x") && !isParallel }

  private struct Mark: Sendable {
    let architecture: String
    let isSeen: @Sendable (Likeness) -> Bool

    init(_ architecture: String, _ isSeen: @escaping @Sendable (Likeness) -> Bool) {
      self.architecture = architecture
      self.isSeen = isSeen
    }
  }

  /// By what architectures with rules of their own are told, the most special first.
  private static let marks = [
    Mark("gemma3n") { $0.has("altup_router") },
    Mark("gemma4") { $0.has("post_ffw_norm") && $0.states("attention.key_length_swa") },
    Mark("deepseek4") { $0.has("hc_attn_fn") && $0.has("attn_kv") },
    Mark("glm-dsa") { $0.has("indexer.attn_k") && $0.states("attention.indexer.key_length") },
    Mark("kimi-linear") { $0.has("ssm_f_a") && $0.states("kda.head_dim") },
    Mark("qwen3next") { $0.has("ssm_ba") },
    Mark("qwen35moe") { $0.has("ssm_alpha") },
    Mark("granitehybrid") { $0.hasMamba2 && $0.has("ffn_norm") },
    Mark("nemotron_h_moe") { $0.hasMamba2 && ($0.has("ffn_up") || $0.has("ffn_up_exps")) },
    Mark("lfm2moe") { $0.has("shortconv.conv") && $0.has("token_embd_norm") },
    Mark("step35") { $0.has("attn_gate") && $0.hasWindow },
    Mark("gpt-oss") { $0.has("attn_sinks") && $0.has("ffn_gate_exps.bias") && $0.hasWindow },
    Mark("gemma3") { $0.isGemma && $0.has("attn_q_norm") },
    Mark("gemma2") { $0.isGemma },
    Mark("cohere2") {
      $0.hasNone("ffn_norm", "post_attention_norm", "post_ffw_norm") && $0.hasWindow
        && $0.has("attn_q") && $0.has("ffn_up")
    },
    Mark("llama4") {
      $0.states("interleave_moe_layer_step") && $0.has("ffn_up_shexp")
        && $0.reader.value("expert_used_count")?.integer == 1
    },
    Mark("qwen3vlmoe") { $0.states("n_deepstack_layers") },
  ]

  private var isGemma: Bool {
    has("attn_norm") && has("ffn_norm") && has("post_attention_norm") && has("post_ffw_norm")
      && hasWindow
  }
}
