// SPDX-License-Identifier: MIT
internal import GGUF

/// Ling 3: most layers keep a state (Kimi Delta Attention), the others compressed keys and values, with a
/// gate for each head.
enum BailingMoE3: FileArchitecture {
  static let names = ["bailingmoe3"]

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func ahead(_: String) -> AheadForm? { AheadForm() }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let bound = try bound(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(steps: [
        LayerStep(
          norm: try model.norm("blk.\(layer).attn_norm", sizes.width),
          sizes.keyValueHeads[layer] == 0
            ? .deltaNet(try model.kimiDelta(sizes, layer: layer, bound: bound))
            : .attention(try attention(model, sizes, layer))),
        LayerStep(
          norm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
          try feedForward(model, sizes, layer)),
      ])
    }
    return try model.graph(sizes, layers: layers)
  }

  /// What logarithms of decays are a share of.
  private static func bound(_ model: ModelReader) throws(QuantError) -> Float {
    guard try model.flag("kda.safe_gate", default: true) else {
      throw .unsupported(
        "\(model.path): \(model.architecture).kda.safe_gate: expected true, found false")
    }
    let bound = try model.number("kda.gate_lower_bound")
    guard bound < 0 else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).kda.gate_lower_bound: expected a negative number, found"
          + " \(bound)")
    }
    return bound
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    let shape = try LatentShape(model, sizes, layer: layer)
    var attention = try model.latentAttention(sizes, layer: layer, shape)
    // Sections come with the other pairing.
    let hasSections = model.has("rope.dimension_sections")
    var rotation = try model.rotation(
      hasSections ? .halves : .neighbours, headSize: shape.shared)
    if hasSections { try model.setSections(of: &rotation, interleaved: false) }
    attention.rotation = rotation
    attention.gate = AttentionGate(
      .linear(try model.linear("blk.\(layer).attn_gate", sizes.width, shape.heads)))
    return attention
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    let shared = try model.clampedActivations("swiglu_clamp_shexp", layers: sizes.described)[layer]
    guard try layer >= model.integer("leading_dense_block_count") else {
      return .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer], shared))
    }
    try model.requireGating()
    let width = try model.integer("expert_feed_forward_length")
    let experts = try model.clampedActivations("swiglu_clamp_exp", layers: sizes.described)[layer]
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: .sigmoid, needsBias: true, activation: experts)
    let given = try model.integer("expert_shared_feed_forward_length", default: 0)
    let count = max(1, try model.integer("expert_shared_count", in: 0...1024))
    mixture.shared = try model.dense(
      layer: layer, suffix: "_shexp", sizes, width: given > 0 ? given : width * count, shared)
    return .mixture(mixture)
  }
}
