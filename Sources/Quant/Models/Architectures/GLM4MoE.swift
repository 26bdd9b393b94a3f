// SPDX-License-Identifier: MIT

/// GLM 4.5 and 4.6: half of each head is rotated; dense layers first, then mixtures with a network
/// for all tokens beside them. Layers that predict further tokens are left out.
enum GLM4MoE: EvaluableArchitecture {
  static let names = ["glm4moe"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.gating = .sigmoid
    computation.readsRouting = true
    return MemoryTraits(computation: computation)
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? {
    HuggingFaceMapping(modelTypes: ["glm4_moe"], normsQueries: true)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let dense = try model.integer("leading_dense_block_count", default: 0)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.headNorms(&attention, layer: layer, required: false)
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).post_attention_norm", sizes.width),
        feedForward: layer < dense
          ? .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer]))
          : .mixture(try mixture(model, sizes, layer)))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> MixtureGraph {
    let width = try model.integer("expert_feed_forward_length")
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: .sigmoid, needsBias: true)
    mixture.shared = try model.sharedExperts(layer: layer, sizes, width: width)
    return mixture
  }
}
