internal import GGUF
// SPDX-License-Identifier: MIT
internal import QuantModels

/// What sets a model's computation apart: what is said of its architecture, and what its tensors show.
struct GraphTraits {
  /// What its architecture says, or what is guessed in its place.
  private(set) var computation: ComputationTraits
  private(set) var normsQueries = false
  private(set) var hasPostNorms = false
  /// The name of the norm before the feed-forward network.
  private(set) var feedForwardNorm = "ffn_norm"
  private(set) var scalesExpertWeights = false
  /// Whether all heads are normed together.
  private(set) var normsHeadsTogether = false
  /// Whether queries of late positions are raised.
  private(set) var hasTemperature = false
  /// The factors of rotations; `nil` where a model has none.
  private(set) var factors: String?
  private(set) var hasSinks = false

  /// The traits of a model; `nil` if its computation is not known.
  init?(known model: MemoryModel) {
    guard let computation = MemoryFamilies.computation(model.shape.likeness) else {
      return nil
    }
    self.computation = computation
    takeTensors(of: model)
    guard Self.isWhole(model, self) else { return nil }
  }

  /// Traits guessed from the tensors alone, for architectures that are not known; `nil` if the tensors
  /// are not those of a transformer or of Mamba.
  init?(guessing model: MemoryModel) {
    let first = model.shape.layers.indices.first { model.shape.layers[$0].attention != nil }
    if first == nil {
      computation = ComputationTraits(.mamba)
    } else {
      let isLatent = model.contains("blk.\(first ?? 0).attn_kv_a_mqa.weight")
      computation = ComputationTraits(isLatent ? .latent : .standard)
    }
    // llama.cpp stores keys first wherever some layers see a window.
    computation.storesKeysFirst = model.shape.slidingWindow > 0
    if model.contains("blk.\(first ?? 0).ffn_gate_inp.bias") {
      // Routers with a bias weigh the experts after choosing them.
      computation.gating = .softmaxOfChosen
      computation.normsExpertWeights = false
    }
    takeTensors(of: model)
    guard Self.isWhole(model, self) else { return nil }
  }

  /// These traits with one thing changed that no tensor tells and that can raise the peak: when rows are
  /// chosen, whether positions turn heads, or what comes first in sums.
  var variants: [GraphTraits] {
    let changes: [(inout ComputationTraits) -> Void] = [
      { $0.choosesRowsAfterNorm.toggle() },
      { $0.unrotatedPeriod = $0.unrotatedPeriod == 1 ? 0 : 1 },
      { $0.addsToResidual.toggle() },
    ]
    return changes.map { change in
      var other = self
      change(&other.computation)
      return other
    }
  }

  /// What the tensors tell.
  private mutating func takeTensors(of model: MemoryModel) {
    let first = model.shape.layers.firstIndex { $0.attention != nil } ?? 0
    normsQueries = model.contains("blk.\(first).attn_q_norm.weight")
    normsHeadsTogether = normsQueries && Self.normsHeadsTogether(model)
    hasTemperature = model.routing.hasTemperature
    // There are factors for long contexts and for short ones, of one size.
    factors = ["rope_freqs.weight", "rope_factors_long.weight"].first(where: model.contains)
    hasSinks = model.contains("blk.0.attn_sinks.weight")
    // Where there is no other norm before the network, the one after attention is it.
    let hasOwnNorm = model.contains("blk.0.ffn_norm.weight")
    let hasPostNorm = model.contains("blk.0.post_attention_norm.weight")
    hasPostNorms = hasOwnNorm && hasPostNorm
    feedForwardNorm = !hasOwnNorm && hasPostNorm ? "post_attention_norm" : "ffn_norm"
    scalesExpertWeights = model.routing.scalesWeights
    if computation.family == .latent || computation.readsRouting {
      computation.normsExpertWeights = model.routing.normsWeights
    }
    if computation.family == .latent {
      computation.gating = model.routing.usesSigmoid ? .sigmoid : .softmax
    }
  }

  /// Whether the norm of queries has weights for all heads.
  private static func normsHeadsTogether(_ model: MemoryModel) -> Bool {
    guard let index = model.index(of: "blk.0.attn_q_norm.weight"),
      let attention = model.shape.layers.first?.attention
    else { return false }
    return model.tensors[index].weightCount > attention.keySize
  }

  /// Whether every tensor is there that the computation reads.
  private static func isWhole(_ model: MemoryModel, _ traits: GraphTraits) -> Bool {
    let shape = model.shape
    guard shape.vocabulary > 0, model.contains("token_embd.weight"),
      model.contains("\(MemoryFamilies.outputNorm(model)).weight")
    else { return false }
    let family = MemoryFamilies.family(model)
    guard family?.commonTensors(model).allSatisfy(model.contains) ?? true else { return false }
    return (0..<shape.trunkCount).allSatisfy { layer in
      if let names = family?.tensors(model, layer: layer) {
        return names.allSatisfy { model.contains("blk.\(layer).\($0)") }
      }
      let memory = shape.layers[layer]
      let isMamba = traits.computation.family == .mamba
      guard (memory.recurrence != nil) == isMamba, (memory.attention != nil) != isMamba else {
        return false
      }
      return traits.names(model, layer).allSatisfy { model.contains("blk.\(layer).\($0)") }
    }
  }

  private func names(_ model: MemoryModel, _ layer: Int) -> [String] {
    switch computation.family {
    case .mamba:
      return ["attn_norm.weight"] + Mixer.mamba.tensors
    case .standard:
      return model.attentionTensors(layer) + model.feedForwardTensors(layer)
    case .latent:
      let isLatent = model.shape.layers[layer].attention?.isLatent ?? false
      let queries =
        model.hasPlainQueries(layer) ? ["attn_q"] : ["attn_q_a", "attn_q_a_norm", "attn_q_b"]
      let values = isLatent ? ["attn_k_b", "attn_v_b"] : ["attn_kv_b"]
      return (["attn_kv_a_mqa", "attn_kv_a_norm", "attn_output"] + queries + values)
        .map { $0 + ".weight" } + model.feedForwardTensors(layer)
    }
  }
}
