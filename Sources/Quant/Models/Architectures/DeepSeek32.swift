// SPDX-License-Identifier: MIT

/// DeepSeek V3.2 and GLM-5: DeepSeek V3 with an indexer that chooses what attention looks at. Only
/// estimated.
enum DeepSeek32: Architecture {
  static let names = ["deepseek32", "glm-dsa"]
  static let modelTypes = ["deepseek_v32", "glm_moe_dsa"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isGLM = config.modelType == "glm_moe_dsa"
    var header = try HeaderBuilder(isGLM ? names[1] : names[0], config)
    try header.countLayersAhead()
    let sizes = try LatentSizes(config)
    try DeepSeek2.keys(&header, sizes)
    try header.indexerKeys()
    // Layers that share an indexer's choice have none of their own.
    let types = config.texts("indexer_types")
    config.ignore("layer_types")
    let isFull = types.map { $0.map { $0 == "full" } }
    if let isFull { header.key("attention.indexer.types", isFull) }
    try DeepSeek2.layers(&header, choiceBias: true) { (header, layer) throws(QuantError) in
      if isFull.map({ layer >= $0.count || $0[layer] }) ?? true { try header.indexer(sizes) }
    }
    try header.output(tied: false)
    return header
  }
}
