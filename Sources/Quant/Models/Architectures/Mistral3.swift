// SPDX-License-Identifier: MIT

/// Mistral Small 3 with images, Ministral 3 and Mistral 4: Llama, or DeepSeek V2's attention. Only
/// estimated.
enum Mistral3: Architecture {
  static let names = ["mistral3", "mistral4"]
  static let modelTypes = ["mistral3", "ministral3", "mistral4"]

  static func memory(_ name: String) -> MemoryTraits {
    name == "mistral3" ? MemoryTraits(computation: ComputationTraits(.standard)) : .unknown
  }

  static func defaults(_ modelType: String) -> [String: Int] { Llama.defaults("mistral") }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    guard (config.textType ?? config.modelType) == "mistral4" else {
      return try Llama.configure("mistral3", config)
    }
    var header = try HeaderBuilder("mistral4", config)
    try DeepSeek2.keys(&header, LatentSizes(config))
    try DeepSeek2.layers(&header, choiceBias: false) { _, _ in }
    try header.output(tied: false)
    return header
  }
}
