// SPDX-License-Identifier: MIT
internal import QuantModels

/// LFM2: a short convolution or attention, then a feed-forward network or experts in every layer. The
/// dense models have the operations of the first layers of those with experts.
enum LFM2: MemoryFamily {
  static let names = ["lfm2", "lfm2moe"]

  static func outputNorm(_: MemoryModel) -> String { "token_embd_norm" }

  static let pinsEmbedding = true

  static func computation(_: String) -> ComputationTraits? {
    var traits = ComputationTraits(.standard)
    traits.gating = .sigmoid
    return traits
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    let memory = model.shape.layers[layer]
    let own =
      memory.attention != nil
      ? model.attentionTensors(layer)
      : Mixer.shortConvolution.tensors
    return ["attn_norm.weight", "ffn_norm.weight"] + own + model.feedForwardTensors(layer)
  }
}
