// SPDX-License-Identifier: MIT

/// Command R7B and A: every fourth layer sees everything, the others a window. Only estimated.
enum Cohere2: Architecture {
  static let names = ["cohere2"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.storesKeysFirst = true
    return MemoryTraits(computation: computation, slidingPeriod: 4)
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: 4)
  }
}

// MARK: Configuration

extension Cohere2 {
  static let modelTypes = ["cohere2"]

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 8192, "intermediate_size": 22528, "num_hidden_layers": 40, "head_dim": 128,
      "num_attention_heads": 64, "num_key_value_heads": 64, "vocab_size": 256_000,
      "sliding_window": 4096, "max_position_embeddings": 8192,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("cohere2", config)
    try header.commonKeys()
    header.headKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    header.key("rope.dimension_count", Int(header.rotaryPart() * Double(header.keySize)))
    config.ignore(
      "sliding_window_pattern", "_sliding_window_pattern", "layer_switch", "use_gated_activation",
      "use_parallel_block", "use_embedding_sharing", "layer_types")
    let bias = try config.flag("attention_bias", default: false)
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      header.attention(bias: bias, outputBias: bias)
      header.network()
    }
    header.tiedOutput()
    return header
  }
}
