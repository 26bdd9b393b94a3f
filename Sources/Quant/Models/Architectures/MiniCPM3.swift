// SPDX-License-Identifier: MIT

/// MiniCPM 3 and PLM: keys and values from compressed ones, cached whole.
enum MiniCPM3: EvaluableArchitecture {
  static let names = ["minicpm3", "plm"]
  static let modelTypes = ["minicpm3", "plm"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    model.architecture == "plm"
      ? [] : [LayerRule("the scale of residuals") { _, count in count }]
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let isPLM = model.architecture == "plm"
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes),
        attention: try attention(model, sizes, layer, isPLM: isPLM),
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes),
        feedForward: .dense(
          try model.dense(
            layer: layer, sizes, width: sizes.feedForward[layer], isPLM ? .reluSquared : .silu,
            plain: isPLM)),
        residualScale: isPLM ? 1 : 1.4 / Float(sizes.layers).squareRoot())
    }
    var graph = try model.graph(sizes, layers: layers)
    guard !isPLM else { return graph }
    // No key holds these.
    graph.embeddingScale = 12
    graph.logitScale = 256 / Float(sizes.width)
    graph.scalesOutputInput = true
    return graph
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, isPLM: Bool
  ) throws(QuantError) -> AttentionGraph {
    let prefix = "blk.\(layer).attn_"
    // Part of a key is rotated, and part is not.
    let (heads, keySize, valueSize) = (sizes.heads[layer], max(sizes.keySize, 3), sizes.valueSize)
    let rotated = try model.integer("rope.dimension_count", in: 2...keySize - 1)
    let rank = try model.integer("attention.kv_lora_rank", in: 1...(1 << 20))
    let outputs = heads * (keySize - rotated + valueSize)
    let latent = LatentAttention(
      query: try query(model, sizes, prefix, outputs: heads * keySize, isPLM: isPLM),
      down: try model.linear("\(prefix)kv_a_mqa", sizes.width, rank + rotated),
      norm: try model.norm("\(prefix)kv_a_norm", rank),
      expansion: .joint(try model.linear("\(prefix)kv_b", rank, outputs)), latent: rank)
    return AttentionGraph(
      input: .latent(latent), heads: heads, keyValueHeads: heads, keySize: keySize,
      valueSize: valueSize,
      rotation: try model.rotation(
        isPLM ? .neighbours : .halves, headSize: rotated, longContext: !isPLM),
      scale: 1 / Float(keySize).squareRoot(),
      output: try model.linear("\(prefix)output", heads * valueSize, sizes.width))
  }

  private static func query(
    _ model: ModelReader, _ sizes: ModelSizes, _ prefix: String, outputs: Int, isPLM: Bool
  ) throws(QuantError) -> LatentAttention.Query {
    guard !isPLM else { return .direct(try model.linear("\(prefix)q", sizes.width, outputs)) }
    let rank = try model.integer("attention.q_lora_rank", in: 1...(1 << 20))
    return .compressed(
      down: try model.linear("\(prefix)q_a", sizes.width, rank),
      norm: try model.norm("\(prefix)q_a_norm", rank),
      up: try model.linear("\(prefix)q_b", rank, outputs))
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let isPLM = config.modelType == "plm"
    var header = try HeaderBuilder(isPLM ? "plm" : "minicpm3", config)
    var sizes = try LatentSizes(config)
    if isPLM { sizes.queryRank = 0 }
    header.keySize = sizes.plain + sizes.rotary
    header.valueSize = sizes.value
    try header.commonKeys()
    if sizes.queryRank > 0 { header.key("attention.q_lora_rank", sizes.queryRank) }
    header.key("attention.kv_lora_rank", sizes.rank)
    header.key("attention.key_length", header.keySize)
    if isPLM { header.key("attention.value_length", sizes.value) }
    header.key("rope.dimension_count", sizes.rotary)
    header.key("vocab_size", header.vocabulary)
    config.ignore("scale_emb", "dim_model_base", "scale_depth", "attention_bias")
    header.rotationFactors()
    header.embedding()
    try header.eachLayer { header, _ in
      header.norm("attn_norm")
      attention(&header, sizes)
      header.norm("ffn_norm")
      header.network(gated: !isPLM)
    }
    try header.output(tied: true)
    return header
  }

  private static func attention(_ header: inout HeaderBuilder, _ sizes: LatentSizes) {
    let queries = header.heads * header.keySize
    if sizes.queryRank > 0 {
      header.linear("attn_q_a", header.width, sizes.queryRank)
      header.norm("attn_q_a_norm", sizes.queryRank)
      header.linear("attn_q_b", sizes.queryRank, queries)
    } else {
      header.linear("attn_q", header.width, queries)
    }
    header.linear("attn_kv_a_mqa", header.width, sizes.rank + sizes.rotary)
    header.norm("attn_kv_a_norm", sizes.rank)
    header.linear("attn_kv_b", sizes.rank, header.heads * (sizes.plain + sizes.value))
    header.linear("attn_output", header.heads * sizes.value, header.width)
  }
}
