// SPDX-License-Identifier: MIT
internal import QuantModels

/// Jamba: a state space of the first Mamba or attention without positions, then a feed-forward network or
/// experts. Not held to llama.cpp: its computation is a bound.
enum Jamba: MemoryFamily {
  static let names = ["jamba"]

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    for layer in layers.indices where layers[layer].attention != nil {
      layers[layer].attention?.isRotated = false
      layers[layer].recurrence = nil
    }
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    let space =
      ["in", "conv1d", "x", "dt", "out"].map { "ssm_\($0).weight" }
      + ["ssm_conv1d.bias", "ssm_dt.bias", "ssm_a", "ssm_d"]
    let isAttention = model.shape.layers[layer].attention != nil
    return ["attn_norm.weight", "ffn_norm.weight"]
      + (isAttention ? model.attentionTensors(layer) : space) + model.feedForwardTensors(layer)
  }

  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
      var (current, residual) = (normed, input)
      if let attention = builder.shape.layers[layer].attention {
        current = builder.plainAttention(layer, attention, normed)
      } else if let space = builder.shape.stateSpace {
        current = builder.mamba(layer, space, normed)
      }
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
