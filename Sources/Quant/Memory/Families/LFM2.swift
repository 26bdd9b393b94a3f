// SPDX-License-Identifier: MIT
internal import QuantModels

/// LFM2: a short convolution or attention, then a feed-forward network or experts in every layer. The
/// dense models have the operations of the first layers of those with experts.
enum LFM2: MemoryFamily {
  static let names = ["lfm2", "lfm2moe"]

  static let outputNorm = "token_embd_norm"

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
      : ["in_proj", "conv", "out_proj"].map { "shortconv.\($0).weight" }
    return ["attn_norm.weight", "ffn_norm.weight"] + own + model.feedForwardTensors(layer)
  }

  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
      var current =
        if let attention = builder.shape.layers[layer].attention {
          builder.plainAttention(layer, attention, normed)
        } else {
          convolution(&builder, layer, normed)
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

  /// One product holds the gate before the convolution, the one after it, and what is convolved.
  private static func convolution(_ builder: inout GraphBuilder, _ layer: Int, _ input: Int) -> Int
  {
    let (names, width) = ("blk.\(layer).shortconv.", builder.shape.width)
    let sequences = builder.options.sequences
    let split = GraphShape(width, builder.tokens / sequences, sequences)
    let kept = builder.shape.layers[layer].recurrence?.windowWidth ?? 0
    let all = builder.graph.result(
      .product, GraphShape(3 * width, split.b, split.c),
      [builder.weight(names + "in_proj.weight"), builder.graph.view(input, split)])
    let before = builder.part(all, split, of: 3 * width)
    let gated = builder.elementwise(before, builder.part(all, split, of: 3 * width))
    let window = builder.state(layer, kept, rows: true)
    let joined = builder.windowed(window, gated, width, kept / width + 1)
    let after = builder.part(all, split, of: 3 * width)
    let convolved = builder.graph.result(
      .other, split, [joined, builder.weight(names + "conv.weight")])
    let result = builder.graph.result(
      .product, split,
      [builder.weight(names + "out_proj.weight"), builder.elementwise(after, convolved)])
    return builder.graph.view(result, GraphShape(width, builder.tokens))
  }
}
