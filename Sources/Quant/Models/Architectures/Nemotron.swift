// SPDX-License-Identifier: MIT

/// Nemotron 3 and 4 and Minitron: networks without a gate, norms with a bias.
enum Nemotron: EvaluableArchitecture {
  static let names = ["nemotron"]
  static let modelTypes = ["nemotron"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    try model.plainGraph(
      LayerStyle(.halves, .reluSquared, isPlain: true, isTied: false), centered: true)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("nemotron", config)
    try header.commonKeys()
    header.key("vocab_size", header.vocabulary)
    header.key(
      "rope.dimension_count",
      Int(header.rotaryPart(default: 0.5) * Double(header.width)) / max(1, header.heads))
    var form = LayerForm()
    form.bias = try config.flag("attention_bias", default: false)
    form.outputBias = form.bias
    form.networkBias = try config.flag("mlp_bias", default: false)
    form.normBias = true
    form.isGated = false
    try header.plainLayers(form)
    try header.output(tied: false, normBias: true)
    return header
  }
}
