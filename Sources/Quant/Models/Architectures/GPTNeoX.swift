// SPDX-License-Identifier: MIT

/// GPT-NeoX and Pythia. Only estimated.
enum GPTNeoX: Architecture {
  static let names = ["gptneox"]
  static let modelTypes = ["gpt_neox"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("gptneox", config)
    try header.commonKeys()
    header.key(
      "rope.dimension_count", Int(header.rotaryPart(default: 0.25) * Double(header.keySize)))
    config.ignore("use_parallel_residual", "attention_bias")
    var form = LayerForm()
    (form.bias, form.outputBias, form.networkBias, form.normBias) = (true, true, true, true)
    (form.isFused, form.isGated) = (true, false)
    try header.plainLayers(form)
    try header.output(tied: false, normBias: true)
    return header
  }
}
