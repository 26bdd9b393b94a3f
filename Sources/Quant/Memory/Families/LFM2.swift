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

  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
      var current =
        if let attention = builder.shape.layers[layer].attention {
          builder.plainAttention(layer, attention, normed)
        } else {
          builder.shortConvolution(layer, normed)
        }
      var residual = input
      if layer == builder.shape.trunkCount - 1 {
        current = builder.outputRows(current)
        residual = builder.outputRows(residual)
      }
      let sum = builder.elementwise(residual, current)
      current = builder.norm(sum, "blk.\(layer).ffn_norm", layer: layer)
      return builder.elementwise(sum, builder.feedForward(layer, current))
    }
  }
}
