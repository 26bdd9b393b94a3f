// SPDX-License-Identifier: MIT
internal import GGUF

extension T5 {
  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    [.first(1, "the table of distances")]
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    guard model.architecture == "t5encoder" else {
      throw .unsupported(
        "\(model.path): the decoder of \"\(model.architecture)\" answers a text instead of going on"
          + " with it: expected its encoder alone, \"t5encoder\"")
    }
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(
        attentionNorm: try model.norm("enc.blk.\(layer).attn_norm", sizes),
        attention: try attention(model, sizes, layer),
        feedForwardNorm: try model.norm("enc.blk.\(layer).ffn_norm", sizes),
        feedForward: .dense(try network(model, sizes, layer)))
    }
    return model.encoder(
      sizes, layers: layers, outputNorm: try model.norm("enc.output_norm", sizes))
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> AttentionGraph {
    let prefix = "enc.blk.\(layer).attn_"
    let (heads, shared) = (sizes.heads[layer], sizes.keyValueHeads[layer])
    guard heads > 0, shared > 0 else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).attention.head_count: expected heads, found none")
    }
    var attention = AttentionGraph(
      input: .separate(
        query: try model.linear("\(prefix)q", sizes.width, heads * sizes.keySize),
        key: try model.linear("\(prefix)k", sizes.width, shared * sizes.keySize),
        value: try model.linear("\(prefix)v", sizes.width, shared * sizes.valueSize)),
      heads: heads, keyValueHeads: shared, keySize: sizes.keySize, valueSize: sizes.valueSize,
      scale: 1,
      output: try model.linear("\(prefix)o", heads * sizes.valueSize, sizes.width))
    attention.isCausal = false
    attention.distanceBias = try distances(model, layer, heads: heads)
    return attention
  }

  /// The layer's own table of distances, or the first layer's.
  private static func distances(
    _ model: ModelReader, _ layer: Int, heads: Int
  ) throws(QuantError) -> DistanceBias {
    let buckets = try model.integer("attention.relative_buckets_count", in: 4...511)
    let own = try model.optional("enc.blk.\(layer).attn_rel_b.weight", [heads, buckets])
    let tensor =
      if let own { own } else {
        try model.tensor("enc.blk.0.attn_rel_b.weight", [heads, buckets])
      }
    return DistanceBias(tensor: tensor, buckets: buckets)
  }

  /// With a gate, GELU; without, ReLU.
  private static func network(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> DenseGraph {
    let prefix = "enc.blk.\(layer).ffn_"
    let width = sizes.feedForward[layer]
    let up = try model.linear("\(prefix)up", sizes.width, width)
    let down = try model.linear("\(prefix)down", width, sizes.width)
    guard model.source.contains("\(prefix)gate.weight") else {
      return DenseGraph(input: .plain(up), width: width, activation: .relu, down: down)
    }
    return DenseGraph(
      input: .separate(gate: try model.linear("\(prefix)gate", sizes.width, width), up: up),
      width: width, activation: .gelu, down: down)
  }
}
