// SPDX-License-Identifier: MIT

/// Qwen 2 and 2.5: biases on queries, keys and values; numbers of both halves of a head are
/// rotated together.
enum Qwen2: EvaluableArchitecture {
  static let names = ["qwen2"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard))
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? { HuggingFaceMapping(hasBias: true) }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try model.attention(sizes, layer: layer, .halves),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: .dense(
          try model.dense(layer: layer, sizes, width: sizes.feedForward[layer])))
    }
    return try model.graph(sizes, layers: layers)
  }
}
