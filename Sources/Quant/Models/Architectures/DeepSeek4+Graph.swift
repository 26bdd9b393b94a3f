// SPDX-License-Identifier: MIT
internal import GGUF

extension DeepSeek4 {
  static func ahead(_: String) -> AheadForm? { AheadForm(.streams) }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    // Without a projection of their own, layers that are said to predict ahead are ordinary ones.
    let blocks = try model.integer("block_count", in: 1...65_535)
    let hasAhead = model.source.contains("blk.\(blocks - 1).nextn.eh_proj.weight")
    let sizes = try ModelSizes(model, hasLayersAhead: hasAhead)
    let streams = try model.streams()
    let join = try model.mixingJoin()
    var carried = CarriedColumns()
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.hyperLayer(
        layer, sizes, .compressedAttention(try attention(model, sizes, layer)),
        .mixture(try mixture(model, sizes, layer, &carried)), streams: streams, join)
    }
    var graph = try model.graph(sizes, tied: false, layers: layers)
    (graph.streams, graph.carried) = (streams, carried)
    graph.merge = .hyper(
      try model.hyperConnection("output_hc", streams: streams, width: sizes.width, .nothing))
    return graph
  }

  // MARK: Attention

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> CompressedAttentionGraph {
    let (heads, size) = (sizes.heads[layer], sizes.keySize)
    let rank = try model.integer("attention.q_lora_rank", in: 1...(1 << 20))
    let ratio = try model.integers("attention.compress_ratios", layers: sizes.described)[layer]
    let prefix = "blk.\(layer).attn_"
    let output = try output(model, sizes, layer, heads: heads, size: size)
    return CompressedAttentionGraph(
      queryDown: try model.linear("\(prefix)q_a", sizes.width, rank),
      queryNorm: try model.norm("\(prefix)q_a_norm", rank),
      queryUp: try model.linear("\(prefix)q_b", rank, heads * size),
      key: try model.linear("\(prefix)kv", sizes.width, size),
      keyNorm: try model.norm("\(prefix)kv_a_norm", size), heads: heads, size: size,
      rotation: try rotation(model, size: size, isCompressed: ratio > 0),
      window: try model.integer("attention.sliding_window", in: 1...(1 << 28)),
      sinks: try model.tensor("\(prefix)sinks.weight", [heads]),
      blocks: try blocks(model, sizes, layer, ratio: ratio, size: size),
      selection: ratio == 4 ? try selection(model, sizes, layer, rank: rank) : nil,
      outputDown: output.down, groups: output.groups, outputUp: output.up)
  }

  private static func rotation(
    _ model: ModelReader, size: Int, isCompressed: Bool
  ) throws(QuantError) -> Rotation {
    var rotation = try model.rotation(.neighbours, headSize: size)
    // Of the scaling, only the angles of compressed layers take part.
    rotation.magnitude = 1
    if isCompressed {
      rotation.base = try model.number("attention.compress_rope_freq_base")
      guard rotation.base > 0 else {
        throw .content(
          file: model.path, line: 0,
          what:
            "\(model.architecture).attention.compress_rope_freq_base: expected a positive number,"
            + " found \(rotation.base)")
      }
    } else {
      rotation.scaling = .linear(1)
    }
    return rotation
  }

  private static func blocks(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, ratio: Int, size: Int
  ) throws(QuantError) -> KeyCompression? {
    guard [0, 4, 128].contains(ratio) else {
      throw .unsupported(
        "\(model.path): \(model.architecture).attention.compress_ratios: expected 0, 4 or 128, found"
          + " \(ratio)")
    }
    guard ratio > 0 else { return nil }
    return try compression(
      model, sizes, "blk.\(layer).attn_compressor", ratio: ratio, size: size)
  }

  /// The finer compression overlaps.
  private static func compression(
    _ model: ModelReader, _ sizes: ModelSizes, _ name: String, ratio: Int, size: Int
  ) throws(QuantError) -> KeyCompression {
    let numbers = ratio == 4 ? 2 * size : size
    return KeyCompression(
      ratio: ratio, overlaps: ratio == 4,
      value: try model.linear("\(name)_kv", sizes.width, numbers),
      gate: try model.linear("\(name)_gate", sizes.width, numbers),
      places: try model.tensor("\(name)_ape.weight", [numbers, ratio]),
      norm: try model.norm("\(name)_norm", size))
  }

  private static func selection(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, rank: Int
  ) throws(QuantError) -> BlockSelection {
    let heads = try model.integer("attention.indexer.head_count", in: 1...65_535)
    let turned = try model.integer("rope.dimension_count", in: 0...65_535)
    let size = try model.integer(
      "attention.indexer.key_length", in: max(1, turned)...65_535)
    let prefix = "blk.\(layer).indexer"
    return BlockSelection(
      query: try model.linear("\(prefix).attn_q_b", rank, heads * size),
      keys: try compression(model, sizes, "\(prefix)_compressor", ratio: 4, size: size),
      weights: try model.linear("\(prefix).proj", sizes.width, heads), heads: heads, size: size,
      count: try model.integer("attention.indexer.top_k", in: 1...(1 << 28)))
  }

  private static func output(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, heads: Int, size: Int
  ) throws(QuantError) -> (down: Linear, up: Linear, groups: Int) {
    let groups = try model.integer("attention.output_group_count", in: 1...max(1, heads))
    guard heads % groups == 0 else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).attention.output_group_count: expected a divisor of \(heads)"
          + " heads, found \(groups)")
    }
    let rank = try model.integer("attention.output_lora_rank", in: 1...(1 << 20))
    let (name, inputs) = ("blk.\(layer).attn_output_a.weight", heads / groups * size)
    let isSplit = (try? model.source.tensor(name))?.dimensions.count == 3
    let tensor = try model.tensor(
      name, isSplit ? [inputs, rank, groups] : [inputs, groups * rank])
    return (
      Linear(tensor: tensor, outputs: rank),
      try model.linear("blk.\(layer).attn_output_b", groups * rank, sizes.width), groups
    )
  }

  // MARK: Experts

  private static func mixture(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ carried: inout CarriedColumns
  ) throws(QuantError) -> MixtureGraph {
    let width = try model.integer("expert_feed_forward_length", in: 1...(1 << 20))
    let activations = try model.clampsBefore(sizes, layer: layer)
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: .rootSoftplus, needsBias: false,
      activation: activations.routed)
    mixture.shared = try model.sharedExperts(layer: layer, sizes, width: width)
    mixture.shared?.activation = activations.shared
    if layer < (try model.integer("hash_layer_count", default: 0)) {
      mixture.selectionBias = nil
      mixture.table = ExpertTable(
        tensor: try model.tensor(
          "blk.\(layer).ffn_gate_tid2eid.weight", [mixture.used, sizes.vocabulary]),
        token: carried.tokenSlot())
    }
    return mixture
  }
}
