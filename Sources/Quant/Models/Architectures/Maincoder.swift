// SPDX-License-Identifier: MIT

/// Maincoder: Llama whose query and key heads are normed. Only estimated.
enum Maincoder: Architecture {
  static let names = ["maincoder"]
  static let modelTypes = ["maincoder"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    config.ignore("use_qk_norm")
    var header = try Qwen3.configure("maincoder", config)
    header.headKeys()
    return header
  }
}
