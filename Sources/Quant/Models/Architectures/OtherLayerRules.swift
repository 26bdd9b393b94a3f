// SPDX-License-Identifier: MIT

/// Architectures of which nothing is known here but what their layers get by their number: those that
/// have a file of their own say it there.
enum OtherLayerRules {
  /// Those whose layers differ by their tensors, by lists and by keys that every architecture may have,
  /// with a sliding window only where a key tells its period.
  private static let alike: Set<String> = [
    "apertus", "arcee", "arctic", "bailingmoe", "bailingmoe2", "bert", "bloom", "chatglm", "dbrx",
    "deepseek", "deepseek32", "dots1", "ernie4_5", "ernie4_5-moe", "exaone", "falcon", "falcon-h1",
    "glm4", "gpt2", "gptneox", "granite", "granite_swa", "granitehybrid", "grok", "grovemoe",
    "hunyuan-dense", "hunyuan-moe", "hy_v3", "internlm2", "jais", "jamba", "jina-bert-v2",
    "kimi-linear", "lfm2", "lfm2moe", "maincoder", "mamba2", "mimo2", "mistral3", "mistral4",
    "nemotron", "nemotron_h", "nemotron_h_moe", "nomic-bert", "nomic-bert-moe", "openelm", "orion",
    "phi2", "plm", "qwen2vl", "qwen3vl", "qwen3vlmoe", "rwkv6", "seed_oss", "stablelm",
    "starcoder2", "step35", "xverse",
  ]

  /// The rules of an architecture; `nil` if nobody said.
  static func rules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    switch model.architecture {
    case let name where alike.contains(name): try model.windowRules(period: 0)
    case "mellum": try model.windowRules(period: 4)
    case "exaone-moe": try model.windowRules(period: 4, size: 128)
    case "cohere2moe", "laguna": try model.windowRules(period: 4, firstIsFull: true)
    case "smollm3": LayerRule.every(4, "the rotation")
    case "afmoe": try model.windowRules(period: 4, size: 1) + LayerRule.every(4, "the rotation")
    case "command-r": [LayerRule("the norm of heads") { _, count in count >= 64 ? 1 : 0 }]
    // The first layer's values go into all others.
    case "rwkv7": [.first(1, "what later layers take values from")]
    case "baichuan": [.count(32, "the rotation"), .count(40, "the position of tokens")]
    case "minicpm3": [LayerRule("the scale of residuals") { _, count in count }]
    default: nil
    }
  }
}
