// SPDX-License-Identifier: MIT

/// Llama 4: three of four layers see chunks of 8,192 positions, the fourth sees all and has no
/// rotation; an expert's weight multiplies what goes into it.
enum Llama4: EvaluableArchitecture {
  static let names = ["llama4"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.storesKeysFirst = true
    return MemoryTraits(computation: computation, slidingPeriod: 4, fixedWindow: chunk)
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }

  /// The fourth layers have no rotation either, which no list can say.
  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: 4, size: chunk) + LayerRule.every(4, "the rotation")
  }

  /// The size of chunks, and the step of the fourth layers' temperature: fixed in the reference,
  /// whatever the file says.
  private static let chunk = 8192

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let step = try model.integer("interleave_moe_layer_step")
    let window = try model.integer("attention.sliding_window", default: chunk)
    let isWindowed = try model.windowedLayers(sizes, pattern: 4)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      let isMixture = step > 0 && (layer + 1) % step == 0
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: try attention(
          model, sizes, layer, isChunked: window > 0 && isWindowed[layer]),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: isMixture
          ? .mixture(try mixture(model, sizes, layer))
          : .dense(try model.dense(layer: layer, sizes, width: sizes.feedForward[layer])))
    }
    return try model.graph(sizes, layers: layers)
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, isChunked: Bool
  ) throws(QuantError) -> AttentionGraph {
    var attention = try model.attention(sizes, layer: layer, .neighbours)
    if isChunked { attention.window = .chunked(chunk) }
    if (layer + 1) % 4 == 0 {
      attention.rotation = nil
      attention.temperature = AttentionTemperature(length: chunk, offset: 1)
    } else {
      // Maverick, with 128 experts, was trained without these norms.
      attention.normsAfterRotation = sizes.experts != 128
    }
    return attention
  }

  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> MixtureGraph {
    let width = try model.integer("expert_feed_forward_length")
    var mixture = try model.mixture(
      layer: layer, sizes, width: width, gating: .sigmoid, normalizes: false)
    mixture.choosesByLogits = true
    mixture.weighsInput = true
    mixture.shared = try model.dense(layer: layer, suffix: "_shexp", sizes, width: width)
    return mixture
  }
}
