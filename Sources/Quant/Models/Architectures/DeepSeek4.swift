// SPDX-License-Identifier: MIT

/// DeepSeek V4: one key and value head, compressed tokens that are chosen by an indexer, several streams
/// between layers, and in the first layers experts by the token alone.
enum DeepSeek4: EvaluableArchitecture {
  static let names = ["deepseek4"]
  static let modelTypes = ["deepseek_v4"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: .max) }

  /// Nothing: lists say what layers compress, and a count which of the first choose experts by the token.
  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  private struct Sizes {
    let queryRank: Int
    let outputRank: Int
    let outputGroups: Int
    let ratios: [Int]
    let streams: Int
    let hashed: Int
    let indexHeads: Int
    let indexSize: Int
    let used: Int

    init(_ header: HeaderBuilder) throws(QuantError) {
      let config = header.config
      queryRank = try config.integer("q_lora_rank", default: 1024)
      outputRank = try config.integer("o_lora_rank", default: 1024)
      outputGroups = max(1, try config.integer("o_groups", default: 8))
      ratios = try Self.ratios(header)
      streams = try config.integer("hc_mult", default: 4)
      let kinds = config.texts("mlp_layer_types") ?? []
      hashed = try config.integer("num_hash_layers", default: kinds.count { $0 == "hash_moe" })
      indexHeads = try config.integer("index_n_heads", default: 64)
      indexSize = try config.integer("index_head_dim", default: 128)
      used = try config.integer("num_experts_per_tok", default: 6)
      guard ratios.count >= header.layers else {
        throw config.refused("compress_ratios: expected one for each of \(header.layers) layers")
      }
    }

    /// By a list of numbers or of kinds; else none in the first two layers, then 4 and 128 by turns.
    private static func ratios(_ header: HeaderBuilder) throws(QuantError) -> [Int] {
      let config = header.config
      let rates = config.object("compress_rates")
      let fine = try rates?.integer("compressed_sparse_attention", default: 4) ?? 4
      let coarse = try rates?.integer("heavily_compressed_attention", default: 128) ?? 128
      let kinds = config.texts("layer_types")
      if let ratios = config.list("compress_ratios") { return ratios }
      return kinds?.map {
        ["compressed_sparse_attention": fine, "heavily_compressed_attention": coarse][$0] ?? 0
      }
        ?? (0..<header.layers).map { $0 < 2 ? 0 : $0 % 2 == 0 ? fine : coarse }
    }
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("deepseek4", config, heads: nil)
    header.keyValueHeads = 1
    let sizes = try Sizes(header)
    try keys(&header, sizes)
    let width = header.width
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("n_shared_experts", default: 1) * inner
    header.embedding()
    header.linear("output_hc_fn", width * sizes.streams, sizes.streams)
    header.tensor("output_hc_base.weight", sizes.streams)
    header.tensor("output_hc_scale.weight", 1)
    try header.eachLayer { header, layer in
      attention(&header, sizes, ratio: sizes.ratios[layer])
      for part in ["attn", "ffn"] {
        let mixes = sizes.streams * (sizes.streams + 2)
        header.linear("hc_\(part)_fn", width * sizes.streams, mixes)
        header.tensor("hc_\(part)_base.weight", mixes)
        header.tensor("hc_\(part)_scale.weight", 3)
      }
      header.norm("ffn_norm")
      header.mixture(inner, choiceBias: layer >= sizes.hashed)
      if layer < sizes.hashed {
        header.tensor("ffn_gate_tid2eid.weight", sizes.used, header.vocabulary)
      }
      header.sharedNetwork(shared)
    }
    try header.output(tied: false)
    return header
  }

  private static func keys(_ header: inout HeaderBuilder, _ sizes: Sizes) throws(QuantError) {
    let config = header.config
    config.ignore("num_nextn_predict_layers")
    try header.commonKeys()
    header.key("attention.head_count_kv", 1)
    header.headKeys()
    header.key("vocab_size", header.vocabulary)
    header.key("rope.dimension_count", try config.integer("qk_rope_head_dim", default: 64))
    header.key("attention.q_lora_rank", sizes.queryRank)
    header.key("attention.output_lora_rank", sizes.outputRank)
    header.key("attention.output_group_count", sizes.outputGroups)
    header.key("attention.compress_ratios", Array(sizes.ratios.prefix(header.layers)))
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    header.key("attention.indexer.head_count", sizes.indexHeads)
    header.key("attention.indexer.key_length", sizes.indexSize)
    header.key("attention.indexer.top_k", try config.integer("index_topk", default: 512))
    header.key("hyper_connection.count", sizes.streams)
    header.key("hyper_connection.sinkhorn_iterations", try config.optional("hc_sinkhorn_iters"))
    header.key("hash_layer_count", sizes.hashed)
    header.key("expert_gating_func", 4)
    try header.mixtureKeys()
  }

  private static func attention(_ header: inout HeaderBuilder, _ sizes: Sizes, ratio: Int) {
    let (width, size) = (header.width, header.keySize)
    header.norm("attn_norm")
    header.tensor("attn_sinks.weight", header.heads)
    header.linear("attn_q_a", width, sizes.queryRank)
    header.norm("attn_q_a_norm", sizes.queryRank)
    header.linear("attn_q_b", sizes.queryRank, header.heads * size)
    header.linear("attn_kv", width, size)
    header.norm("attn_kv_a_norm", size)
    header.tensor(
      "attn_output_a.weight", header.heads * size / sizes.outputGroups, sizes.outputRank,
      sizes.outputGroups)
    header.linear("attn_output_b", sizes.outputRank * sizes.outputGroups, width)
    guard ratio > 0 else { return }
    // The finer compression overlaps, with twice the numbers.
    compressor(&header, "attn_compressor", ratio == 4 ? 2 * size : size, size, ratio)
    guard ratio == 4 else { return }
    header.linear("indexer.proj", width, sizes.indexHeads)
    header.linear("indexer.attn_q_b", sizes.queryRank, sizes.indexHeads * sizes.indexSize)
    compressor(&header, "indexer_compressor", 2 * sizes.indexSize, sizes.indexSize, ratio)
  }

  private static func compressor(
    _ header: inout HeaderBuilder, _ name: String, _ inner: Int, _ size: Int, _ ratio: Int
  ) {
    header.linear("\(name)_kv", header.width, inner)
    header.linear("\(name)_gate", header.width, inner)
    header.linear("\(name)_ape", inner, ratio)
    header.norm("\(name)_norm", size)
  }
}
