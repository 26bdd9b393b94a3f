// SPDX-License-Identifier: MIT

/// EmbeddingGemma: Gemma 3 looking both ways, without a cache. Only estimated.
enum GemmaEmbedding: Architecture {
  static let names = ["gemma-embedding"]
  static let modelTypes = ["gemma3_text_model"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: 6) }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try Gemma.configure(names[0], config)
    header.key("attention.causal", false)
    return header
  }
}
