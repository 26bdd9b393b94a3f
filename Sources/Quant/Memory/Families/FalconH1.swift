// SPDX-License-Identifier: MIT
internal import QuantModels

/// Falcon H1: attention and a state space beside each other in every layer, then a feed-forward network.
/// Not held to llama.cpp: its computation is a bound.
enum FalconH1: MemoryFamily {
  static let names = ["falcon-h1"]

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    guard model.shape.stateSpace?.hasHeads == true else { return nil }
    return ["attn_norm.weight", "ffn_norm.weight"] + model.attentionTensors(layer)
      + ModelShape.StateSpace.tensorsWithHeads + model.feedForwardTensors(layer)
  }

  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      let names = "blk.\(layer)."
      guard let attention = builder.shape.layers[layer].attention else { return input }
      let first = builder.norm(input, names + "attn_norm", layer: layer)
      let attended = builder.plainAttention(layer, attention, first)
      // The norm is computed once more.
      let second = builder.norm(input, names + "attn_norm", layer: layer)
      let both = builder.elementwise(attended, builder.mamba2(layer, second))
      var sum = builder.elementwise(both, input)
      if layer == builder.shape.trunkCount - 1 { sum = builder.outputRows(sum) }
      let normed = builder.norm(sum, names + "ffn_norm", layer: layer)
      return builder.elementwise(builder.feedForward(layer, normed), sum)
    }
  }
}
