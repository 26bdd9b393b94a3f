// SPDX-License-Identifier: MIT
internal import GGUF

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Arcee and Apertus: Llama with networks without a gate; Apertus norms query and key heads, too.
enum Arcee: EvaluableArchitecture {
  static let names = ["arcee", "apertus"]
  static let modelTypes = ["arcee", "apertus"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    guard model.architecture == "apertus" else {
      return try model.plainGraph(LayerStyle(.neighbours, .reluSquared, isPlain: true))
    }
    let sizes = try ModelSizes(model)
    let curves = try curves(model, layers: sizes.layers)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      let style = LayerStyle(.halves, curves[layer], isPlain: true)
      return try model.layer(sizes, layer, style) { (attention, _) throws(QuantError) in
        try model.headNorms(&attention, layer: layer, required: true)
      }
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  /// The curve of each layer, whose keys bear no architecture's name.
  private static func curves(
    _ model: ModelReader, layers: Int
  ) throws(QuantError) -> [Activation] {
    let low = try numbers("xielu.alpha_n", model, layers)
    let high = try numbers("xielu.alpha_p", model, layers)
    let beta = try numbers("xielu.beta", model, layers)
    let epsilon = try numbers("xielu.eps", model, layers)
    return (0..<layers).map { layer in
      .xielu(
        positive: Float(softplus(high[layer])),
        negative: Float(beta[layer] + softplus(low[layer])), beta: Float(beta[layer]),
        epsilon: Float(epsilon[layer]))
    }
  }

  /// A finite number for each layer, or one for all.
  private static func numbers(
    _ key: String, _ model: ModelReader, _ layers: Int
  ) throws(QuantError) -> [Double] {
    let value = model.metadata[key]
    let found =
      value?.elements.map { $0.values(layers).compactMap(\.number) }
      ?? value?.number.map { Array(repeating: $0, count: layers) }
    guard let found, found.count == layers, found.allSatisfy({ Float($0).isFinite }) else {
      throw .content(
        file: model.path, line: 0,
        what: "\(key): expected a finite number, or one for each of \(layers) layers")
    }
    return found
  }

  private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isApertus = config.modelType == "apertus"
    var header = try HeaderBuilder(isApertus ? "apertus" : "arcee", config)
    try header.commonKeys()
    header.headKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    header.rotationFrequencies()
    config.ignore("post_norm", "qk_norm")
    var form = LayerForm()
    form.norms = isApertus ? .heads : .none
    form.bias = try config.flag("attention_bias", default: false)
    form.outputBias = form.bias
    form.networkBias = try config.flag("mlp_bias", default: false)
    form.isGated = false
    try header.plainLayers(form)
    try header.output(tied: false)
    return header
  }
}
