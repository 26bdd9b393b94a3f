// SPDX-License-Identifier: MIT
internal import GGUF

extension T5 {
  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      LayerGraph(steps: [
        try mixer(model, sizes, "enc", layer), try network(model, sizes, "enc", layer),
      ])
    }
    let norm = try model.norm("enc.output_norm", sizes)
    var graph = model.encoder(sizes, layers: layers, outputNorm: norm)
    guard model.architecture != "t5encoder" else { return graph }
    try addDecoder(model, sizes, behind: norm, to: &graph)
    return graph
  }

  private static func addDecoder(
    _ model: ModelReader, _ sizes: ModelSizes, behind norm: Norm, to graph: inout ModelGraph
  ) throws(QuantError) {
    let start = graph.carried.slot(sizes.width)
    let encoded = graph.carried.slot(sizes.width)
    graph.isEncoder = false
    graph.start.answer = AnswerStart(token: try firstToken(model, sizes), slot: start)
    let count = try model.integer("decoder_block_count", default: sizes.layers, in: 1...65_535)
    for layer in 0..<count {
      var own = LayerGraph(steps: [
        try mixer(model, sizes, "dec", layer), try reader(model, sizes, layer, encoded),
        try network(model, sizes, "dec", layer),
      ])
      if layer == 0 { own.turn = DecoderTurn(norm: norm, encoded: encoded, start: start) }
      graph.layers.append(own)
    }
    graph.outputNorm = try model.norm("dec.output_norm", sizes)
    graph.output = try model.output(sizes)
  }

  /// The token that stands for the start of an answer.
  private static func firstToken(
    _ model: ModelReader, _ sizes: ModelSizes
  ) throws(QuantError) -> Int {
    let first = model.metadata["tokenizer.ggml.bos_token_id"]?.integer ?? 0
    return try model.integer(
      "decoder_start_token_id", default: min(max(0, first), sizes.vocabulary - 1),
      in: 0...(sizes.vocabulary - 1))
  }

  /// Attention of a side to itself: a decoder sees no later positions.
  private static func mixer(
    _ model: ModelReader, _ sizes: ModelSizes, _ side: String, _ layer: Int
  ) throws(QuantError) -> LayerStep {
    let prefix = "\(side).blk.\(layer).attn_"
    var attention = try attention(model, sizes, prefix, layer, readingFrom: nil)
    attention.isCausal = side == "dec"
    attention.distanceBias = try distances(model, side, layer, heads: attention.heads)
    return LayerStep(norm: try model.norm("\(prefix)norm", sizes), .attention(attention))
  }

  /// A decoder's attention to what the encoder gave.
  private static func reader(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ encoded: CarriedSlot
  ) throws(QuantError) -> LayerStep {
    let prefix = "dec.blk.\(layer).cross_attn_"
    var attention = try attention(model, sizes, prefix, layer, readingFrom: encoded)
    attention.isCausal = false
    return LayerStep(norm: try model.norm("\(prefix)norm", sizes), .attention(attention))
  }

  private static func attention(
    _ model: ModelReader, _ sizes: ModelSizes, _ prefix: String, _ layer: Int,
    readingFrom slot: CarriedSlot?
  ) throws(QuantError) -> AttentionGraph {
    // A decoder may have more layers than the encoder, which the keys are of.
    let last = min(layer, sizes.layers - 1)
    let (heads, shared) = (sizes.heads[last], sizes.keyValueHeads[last])
    guard heads > 0, shared > 0 else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).attention.head_count: expected heads, found none")
    }
    let query = try model.linear("\(prefix)q", sizes.width, heads * sizes.keySize)
    let key = try model.linear("\(prefix)k", sizes.width, shared * sizes.keySize)
    let value = try model.linear("\(prefix)v", sizes.width, shared * sizes.valueSize)
    return AttentionGraph(
      input: slot.map { AttentionInput.cross(query: query, key: key, value: value, $0) }
        ?? .separate(query: query, key: key, value: value),
      heads: heads, keyValueHeads: shared, keySize: sizes.keySize, valueSize: sizes.valueSize,
      scale: 1,
      output: try model.linear("\(prefix)o", heads * sizes.valueSize, sizes.width))
  }

  /// The layer's own table of distances, or the first layer's.
  private static func distances(
    _ model: ModelReader, _ side: String, _ layer: Int, heads: Int
  ) throws(QuantError) -> DistanceBias {
    let buckets = try model.integer("attention.relative_buckets_count", in: 4...255)
    let own = try model.optional("\(side).blk.\(layer).attn_rel_b.weight", [heads, buckets])
    let tensor =
      if let own { own } else {
        try model.tensor("\(side).blk.0.attn_rel_b.weight", [heads, buckets])
      }
    return DistanceBias(tensor: tensor, buckets: buckets, isBothWays: side == "enc")
  }

  /// With a gate, GELU; without, ReLU.
  private static func network(
    _ model: ModelReader, _ sizes: ModelSizes, _ side: String, _ layer: Int
  ) throws(QuantError) -> LayerStep {
    let prefix = "\(side).blk.\(layer).ffn_"
    let width = sizes.feedForward[min(layer, sizes.layers - 1)]
    let up = try model.linear("\(prefix)up", sizes.width, width)
    let down = try model.linear("\(prefix)down", width, sizes.width)
    let norm = try model.norm("\(prefix)norm", sizes)
    guard model.source.contains("\(prefix)gate.weight") else {
      return LayerStep(
        norm: norm,
        .dense(DenseGraph(input: .plain(up), width: width, activation: .relu, down: down)))
    }
    let gate = try model.linear("\(prefix)gate", sizes.width, width)
    return LayerStep(
      norm: norm,
      .dense(
        DenseGraph(
          input: .separate(gate: gate, up: up), width: width, activation: .gelu, down: down)))
  }
}
