// SPDX-License-Identifier: MIT

/// Command with experts: attention and experts side by side behind one norm. Only estimated.
enum Cohere2MoE: Architecture {
  static let names = ["cohere2moe"]
  static let modelTypes = ["cohere2_moe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("cohere2moe", config)
    try header.countLayersAhead()
    let inner = header.feedForward
    header.feedForward = try config.integer(
      "prefix_dense_intermediate_size", "dense_intermediate_size", default: inner)
    let dense = try header.leadingDenseLayers()
    let count = try config.integer("num_shared_experts", default: 0)
    try header.commonKeys()
    header.headKeys()
    header.key("feed_forward_length", header.feedForward)
    header.key("vocab_size", header.vocabulary)
    header.key("expert_feed_forward_length", inner)
    header.key("expert_gating_func", 2)
    header.key("leading_dense_block_count", dense)
    if count > 0 { header.key("expert_shared_feed_forward_length", count * inner) }
    header.key("attention.sliding_window", try config.optional("sliding_window"))
    if let isSliding = header.slidingLayers() {
      header.key("attention.sliding_window_pattern", isSliding)
    }
    header.key("rope.dimension_count", header.keySize)
    config.ignore(
      "sliding_window_pattern", "prefix_dense_sliding_window_pattern", "token_choice_bias",
      "use_gated_activation", "use_parallel_block", "layer_switch")
    func addLayer(_ header: inout HeaderBuilder, sparse: Bool) {
      header.norm("attn_norm")
      header.attention()
      guard sparse else { return header.network() }
      header.mixture(inner)
      header.sharedNetwork(count * inner)
    }
    header.embedding()
    try header.eachLayer { header, layer in addLayer(&header, sparse: layer >= dense) }
    try header.eachLayerAhead { header, _ in
      addLayer(&header, sparse: true)
      header.aheadParts()
    }
    try header.output(tied: true)
    return header
  }
}
