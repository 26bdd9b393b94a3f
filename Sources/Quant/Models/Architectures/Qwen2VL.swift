// SPDX-License-Identifier: MIT

/// Qwen 2 and 2.5 with images: the language model is Qwen 2, rotated by three positions. Only estimated.
enum Qwen2VL: Architecture {
  static let names = ["qwen2vl"]
  static let modelTypes = [
    "qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text", "qwen2_5_omni",
    "qwen2_5_omni_thinker", "qwen2_5_omni_text",
  ]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func defaults(_: String) -> [String: Int] {
    [
      "hidden_size": 8192, "intermediate_size": 29568, "num_hidden_layers": 80,
      "num_attention_heads": 64, "num_key_value_heads": 8, "vocab_size": 152_064,
      "max_position_embeddings": 32768,
    ]
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try Qwen2.configure("qwen2vl", config)
  }
}
