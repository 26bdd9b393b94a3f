// SPDX-License-Identifier: MIT

extension MemoryModel {
  /// The names of the tables of embeddings that every layer has of its own (Gemma 3n and 4).
  static let layerEmbeddingTensors = ["per_layer_token_embd.weight", "per_layer_model_proj.weight"]

  /// Whether a layer has routed experts.
  func hasExperts(_ layer: Int) -> Bool {
    shape.usedExperts > 0 && contains("blk.\(layer).ffn_gate_inp.weight")
  }

  /// Whether a layer has a feed-forward network or experts.
  func hasNetwork(_ layer: Int) -> Bool {
    hasExperts(layer) || contains("blk.\(layer).ffn_up.weight")
  }

  /// Whether queries are one product, not compressed.
  func hasPlainQueries(_ layer: Int) -> Bool { contains("blk.\(layer).attn_q.weight") }

  /// The names, without `blk.N.`, of the tensors that plain attention in a layer must have.
  func attentionTensors(_ layer: Int) -> [String] {
    let isFused = contains("blk.\(layer).attn_qkv.weight")
    let products = isFused ? ["attn_qkv"] : ["attn_q", "attn_k", "attn_v"]
    return (products + ["attn_output"]).map { $0 + ".weight" }
  }

  /// Those that a feed-forward network or experts must have.
  func feedForwardTensors(_ layer: Int) -> [String] {
    guard hasExperts(layer) else { return ["ffn_up.weight", "ffn_down.weight"] }
    return ["ffn_gate_inp.weight", "ffn_up_exps.weight", "ffn_down_exps.weight"]
  }

  /// Those that a state space of Mamba 2, or else plain attention, must have; `nil` if sizes are
  /// missing.
  func tensorsOfMamba2OrAttention(_ layer: Int) -> [String]? {
    guard shape.layers[layer].recurrence != nil else { return attentionTensors(layer) }
    return mixer(layer)?.tensors
  }
}
