// SPDX-License-Identifier: MIT

/// Qwen 3 with images, dense and with experts: deep layers of the image encoder are added to the first
/// layers. Only estimated.
enum Qwen3VL: Architecture {
  static let names = ["qwen3vl", "qwen3vlmoe"]
  static let modelTypes = [
    "qwen3_vl", "qwen3_vl_text", "qwen3_vl_moe", "qwen3_vl_moe_text", "qwen3_omni_moe",
    "qwen3_omni_moe_thinker", "qwen3_omni_moe_text", "qwen3_asr",
  ]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func defaults(_ modelType: String) -> [String: Int] {
    modelType.contains("moe") ? Qwen3.defaults("qwen3_moe") : Qwen3.defaults
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header =
      config.modelType.contains("moe")
      ? try Qwen2MoE.mixture("qwen3vlmoe", config, norms: .heads, bias: false)
      : try Qwen3.configure("qwen3vl", config)
    let levels = config.object("vision_config")?.list("deepstack_visual_indexes")
    header.key("n_deepstack_layers", levels?.count ?? 0)
    return header
  }
}
