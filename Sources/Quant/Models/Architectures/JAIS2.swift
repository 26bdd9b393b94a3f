// SPDX-License-Identifier: MIT

/// Jais 2: norms and products with biases, networks without a gate.
enum JAIS2: EvaluableArchitecture {
  static let names = ["jais2"]
  static let modelTypes = ["jais2"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    try model.plainGraph(LayerStyle(.halves, .reluSquared, isPlain: true), centered: true)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("jais2", config)
    try header.commonKeys()
    header.key("rope.dimension_count", header.keySize)
    var form = LayerForm()
    form.bias = try config.flag("attention_bias", default: true)
    form.outputBias = form.bias
    form.networkBias = try config.flag("mlp_bias", default: true)
    (form.normBias, form.isGated) = (true, false)
    try header.plainLayers(form)
    try header.output(tied: false, normBias: true)
    return header
  }
}
