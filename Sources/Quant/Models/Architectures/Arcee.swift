// SPDX-License-Identifier: MIT

/// Arcee and Apertus: Llama with networks without a gate; Apertus norms query and key heads, too. Only
/// estimated.
enum Arcee: Architecture {
  static let names = ["arcee", "apertus"]
  static let modelTypes = ["arcee", "apertus"]

  static func memory(_: String) -> MemoryTraits { .unknown }

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
