// SPDX-License-Identifier: MIT

/// K-EXAONE: EXAONE 4 with experts. Only estimated.
enum EXAONEMoE: Architecture {
  static let names = ["exaone-moe"]
  static let modelTypes = ["exaone_moe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    var header = try HeaderBuilder("exaone-moe", config)
    try header.countLayersAhead()
    try EXAONE4.keys(&header)
    let inner = try config.integer("moe_intermediate_size")
    let shared = try config.integer("num_shared_experts", default: 1) * inner
    try header.mixtureKeys(shared: shared)
    let listed = config.value("is_moe_layer")?.list?.map { $0.flag ?? false }
    let dense = try header.leadingDenseLayers()
    header.key("leading_dense_block_count", dense)
    func addLayer(_ header: inout HeaderBuilder, sparse: Bool) {
      header.norm("attn_norm")
      header.attention(.heads)
      header.norm("ffn_norm")
      guard sparse else { return header.network() }
      header.mixture(inner, choiceBias: true)
      header.sharedNetwork(shared)
    }
    header.embedding()
    try header.eachLayer { header, layer in
      addLayer(
        &header, sparse: listed.map { layer < $0.count && $0[layer] } ?? (layer >= dense))
    }
    try header.eachLayerAhead { header, _ in
      addLayer(&header, sparse: false)
      header.aheadParts()
    }
    try header.output(tied: false)
    return header
  }
}
