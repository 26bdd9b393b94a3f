// SPDX-License-Identifier: MIT

/// Models that store what Llama does and see what follows a token, too: LLaDA and Dream, which fill gaps,
/// and Llama as an encoder. Only estimated.
enum LLaDA: Architecture {
  static let names = ["llada", "dream", "llama-embed"]
  static let modelTypes = ["llada", "Dream", "dream", "llama_bidirec"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try LlamaLike.configure(config)
  }
}
