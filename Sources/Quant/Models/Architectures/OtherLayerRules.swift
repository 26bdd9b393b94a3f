// SPDX-License-Identifier: MIT

/// Architectures of which nothing is known here but what their layers get by their number: those that
/// have a file of their own say it there.
enum OtherLayerRules {
  /// Those whose layers differ by their tensors, by lists and by keys that every architecture may have,
  /// with a sliding window only where a key tells its period.
  private static let alike: Set<String> = [
    "apertus", "arcee", "arctic", "bert", "bloom", "dbrx", "exaone", "falcon",
    "falcon-h1", "gpt2", "gptneox", "granite", "granite_swa", "granitehybrid", "grok", "internlm2",
    "jais", "jamba", "jina-bert-v2", "lfm2", "lfm2moe", "maincoder", "mamba2",
    "nemotron", "nemotron_h", "nemotron_h_moe", "nomic-bert",
    "nomic-bert-moe", "openelm", "orion", "phi2", "plm", "rwkv6", "stablelm", "starcoder2",
    "xverse",
  ]

  /// The rules of an architecture; `nil` if nobody said.
  static func rules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    switch model.architecture {
    case let name where alike.contains(name): try model.windowRules(period: 0)
    // The first layer's values go into all others.
    case "rwkv7": [.first(1, "what later layers take values from")]
    case "baichuan": [.count(32, "the rotation"), .count(40, "the position of tokens")]
    case "minicpm3": [LayerRule("the scale of residuals") { _, count in count }]
    default: nil
    }
  }
}
