// SPDX-License-Identifier: MIT

/// StarCoder 2: biases everywhere, networks without a gate.
enum StarCoder2: EvaluableArchitecture {
  static let names = ["starcoder2"]
  static let modelTypes = ["starcoder2"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    try model.plainGraph(LayerStyle(.halves, .gelu, isPlain: true), centered: true)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("starcoder2", config)
    try header.commonKeys()
    config.ignore("norm_type", "mlp_type")
    var form = LayerForm()
    form.bias = try config.flag("use_bias", default: true)
    (form.outputBias, form.networkBias) = (form.bias, form.bias)
    (form.normBias, form.isGated) = (true, false)
    try header.plainLayers(form)
    try header.output(tied: true, normBias: true)
    return header
  }
}
