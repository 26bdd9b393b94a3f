// SPDX-License-Identifier: MIT
internal import GGUF

/// MiniMax M3: heads are normed and rotated in part; dense layers first, then mixtures with a network for
/// all tokens beside them, and attention that sees blocks of keys which an indexer chose (MSA).
enum MiniMaxM3: FileArchitecture {
  static let names = ["minimax-m3"]

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let dense = try model.integer("leading_dense_block_count", default: 0)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.headNorms(&attention, layer: layer, required: true)
      if layer >= dense { attention.selection = try selection(model, sizes, layer, attention) }
      return LayerGraph(
        attentionNorm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        attention: attention,
        feedForwardNorm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        feedForward: try DeepSeek2.feedForward(
          model, sizes, layer, gating: .sigmoid, activation: .clampedSwish))
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  /// Blocks that an indexer with one head for each key and value head chooses.
  private static func selection(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ attention: AttentionGraph
  ) throws(QuantError) -> KeySelection {
    let key = "attention.indexer."
    let heads = attention.keyValueHeads
    _ = try model.integer("\(key)head_count", in: heads...heads)
    let size = try model.integer("\(key)key_length", in: 1...65_535)
    guard attention.rotation.map({ $0.dimensions <= size }) ?? true else {
      throw .content(
        file: model.path, line: 0,
        what: "minimax-m3.\(key)key_length: expected at least the numbers that are rotated, found"
          + " \(size)")
    }
    let prefix = "blk.\(layer).indexer."
    let indexer = IndexerGraph(
      query: try model.linear("\(prefix)q_proj", sizes.width, heads * size),
      queriesFromLatent: false, key: try model.linear("\(prefix)k_proj", sizes.width, size),
      heads: heads, size: size, queryNorm: try model.norm("\(prefix)q_norm", size),
      keyNorm: try model.norm("\(prefix)k_norm", size), rotation: attention.rotation)
    let choice = KeyChoice.blocks(
      try model.integer("\(key)top_k", in: 1...(1 << 24)),
      size: try model.integer("\(key)block_size", in: 1...(1 << 24)),
      last: try model.integer("\(key)local_blocks", default: 0, in: 0...(1 << 24)))
    return KeySelection(
      choice: choice, indexer: indexer, slot: nil,
      columns: choice.isWhole(length: model.contextLength)
        ? 0 : KeySelection.columns(keys: model.contextLength))
  }
}
