// SPDX-License-Identifier: MIT
internal import GGUF

/// What sets the computations of known architectures apart.
struct GraphTraits {
  /// The layer's build.
  enum Family {
    /// Attention with keys and values cached, then a feed-forward network or experts.
    case standard
    /// Attention through compressed keys and values (DeepSeek).
    case latent
    /// A state space.
    case mamba
  }

  /// How routers turn scores into weights.
  enum Gating {
    case softmax, sigmoid, softmaxOfChosen
  }

  let family: Family
  var scalesEmbedding = false
  var scalesQueries = false
  var capsScores = false
  var capsLogits = false
  var normsQueries = false
  var hasPostNorms = false
  /// The name of the norm before the feed-forward network.
  var feedForwardNorm = "ffn_norm"
  /// Whether keys are stored before values.
  var storesKeysFirst = false
  var normsExpertWeights = true
  var scalesExpertWeights = false
  var gating = Gating.softmax
  var hasFactors = false
  var hasSinks = false
  /// Whether the rows that logits are wanted of are chosen after the last layer, not within it.
  var choosesRowsLast = false

  /// Architectures whose computation was compared with llama.cpp's, or shares every operation with one.
  private static let standard: Set<String> = [
    "llama", "qwen2", "qwen3", "qwen3moe", "gemma2", "gpt-oss",
  ]

  /// The traits of a model; `nil` if its computation is not known.
  init?(_ model: MemoryModel) {
    switch model.shape.architecture {
    case let name where Self.standard.contains(name): family = .standard
    case "deepseek2": family = .latent
    case "mamba": family = .mamba
    default: return nil
    }
    let architecture = model.shape.architecture
    if architecture == "gemma2" {
      (scalesEmbedding, scalesQueries, capsScores) = (true, true, true)
      (capsLogits, hasPostNorms, storesKeysFirst) = (true, true, true)
    }
    if architecture == "gpt-oss" {
      feedForwardNorm = "post_attention_norm"
      (storesKeysFirst, normsExpertWeights, gating) = (true, false, .softmaxOfChosen)
      choosesRowsLast = true
    }
    normsQueries = model.contains("blk.0.attn_q_norm.weight")
    hasFactors = model.contains("rope_freqs.weight")
    hasSinks = model.contains("blk.0.attn_sinks.weight")
    if family == .latent {
      normsExpertWeights = model.routing.normsWeights
      scalesExpertWeights = model.routing.scalesWeights
      gating = model.routing.usesSigmoid ? .sigmoid : .softmax
    }
    guard Self.isWhole(model, self) else { return nil }
  }

  /// Whether every tensor is there that the computation reads.
  private static func isWhole(_ model: MemoryModel, _ traits: GraphTraits) -> Bool {
    let shape = model.shape
    guard shape.vocabulary > 0, ["token_embd.weight", "output_norm.weight"].allSatisfy(model.contains)
    else { return false }
    return (0..<shape.layerCount).allSatisfy { layer in
      let memory = shape.layers[layer]
      guard traits.family == .mamba ? memory.recurrence != nil : memory.attention != nil else {
        return false
      }
      return traits.names(model, layer).allSatisfy { model.contains("blk.\(layer).\($0)") }
    }
  }

  private func names(_ model: MemoryModel, _ layer: Int) -> [String] {
    switch family {
    case .mamba:
      return ["ssm_in", "ssm_conv1d", "ssm_x", "ssm_dt", "ssm_out", "attn_norm"].map { $0 + ".weight" }
        + ["ssm_conv1d.bias", "ssm_dt.bias", "ssm_d"]
    case .standard:
      return ["attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", feedForwardNorm]
        .map { $0 + ".weight" } + feedForwardNames(model, layer)
    case .latent:
      let isLatent = model.shape.layers[layer].attention?.isLatent ?? false
      let queries = model.hasPlainQueries(layer) ? ["attn_q"] : ["attn_q_a", "attn_q_a_norm", "attn_q_b"]
      let values = isLatent ? ["attn_k_b", "attn_v_b"] : ["attn_kv_b"]
      return (["attn_norm", "attn_kv_a_mqa", "attn_kv_a_norm", "attn_output", "ffn_norm"] + queries
        + values).map { $0 + ".weight" } + feedForwardNames(model, layer)
    }
  }

  private func feedForwardNames(_ model: MemoryModel, _ layer: Int) -> [String] {
    guard model.hasExperts(layer) else {
      return ["ffn_gate.weight", "ffn_up.weight", "ffn_down.weight"]
    }
    return ["ffn_gate_inp", "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"].map { $0 + ".weight" }
  }
}

extension MemoryModel {
  /// Whether a layer has routed experts.
  func hasExperts(_ layer: Int) -> Bool {
    shape.usedExperts > 0 && contains("blk.\(layer).ffn_gate_inp.weight")
  }

  /// Whether queries are one product, not compressed.
  func hasPlainQueries(_ layer: Int) -> Bool { contains("blk.\(layer).attn_q.weight") }
}
