// SPDX-License-Identifier: MIT

/// SmolLM 3: Llama without rotation in every fourth layer. Only estimated.
enum SmolLM3: Architecture {
  static let names = ["smollm3"]
  static let modelTypes = ["smollm3"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.unrotatedPeriod = 4
    return MemoryTraits(computation: computation)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    config.ignore("layer_types")
    var header = try HeaderBuilder("smollm3", config)
    try header.commonKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", header.keySize)
    header.rotationFrequencies()
    try Llama.layers(&header)
    try header.output(tied: true)
    return header
  }
}
