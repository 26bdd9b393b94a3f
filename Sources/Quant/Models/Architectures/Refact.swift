// SPDX-License-Identifier: MIT

/// Refact: one key and value head for all, and positions by slopes on the scores.
enum Refact: EvaluableArchitecture {
  static let names = ["refact"]
  static let modelTypes = ["gpt_refact"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    try model.plainGraph(LayerStyle(nil, slopeBias: 8))
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("refact", config)
    header.keyValueHeads = try config.flag("multi_query", default: true) ? 1 : header.heads
    header.feedForward = (2 * (4 * header.width) / 3 + 255) / 256 * 256
    try header.commonKeys()
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count_kv", header.keyValueHeads)
    try header.plainLayers(LayerForm())
    try header.output(tied: false)
    return header
  }
}
