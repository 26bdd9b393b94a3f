// SPDX-License-Identifier: MIT

extension Gemma3n: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    let embedded = builder.embedding()
    guard let embeddings = builder.layerEmbeddings(embedded) else { return }
    var streams = builder.streams(embedded)
    for layer in 0..<builder.shape.trunkCount {
      streams = builder.streamedLayer(layer, streams, embeddings)
    }
    let rows = builder.outputRows(builder.merged(streams))
    builder.addLogits(builder.norm(rows, "output_norm", layer: nil))
  }
}

// MARK: Streams

extension GraphBuilder {
  private var streamCount: Int { width("blk.0.altup_router.weight") }
  private var slice: GraphShape { GraphShape(shape.width, tokens) }
  private var otherStreams: GraphShape { GraphShape(shape.width, tokens, streamCount - 1) }
  private var allStreams: GraphShape { GraphShape(shape.width, tokens, streamCount) }

  /// The embedding, and further streams that are made from it.
  fileprivate mutating func streams(_ embedded: Int) -> Int {
    let repeated = graph.result(.other, otherStreams, [embedded])
    let others = graph.result(.product, otherStreams, [weight("altup_proj.weight"), repeated])
    return graph.result(.other, allStreams, [embedded, levelled(others, embedded)])
  }

  /// The mean of all streams.
  fileprivate mutating func merged(_ streams: Int) -> Int {
    let others = graph.result(
      .product, otherStreams,
      [weight("altup_unembd_proj.weight"), graph.view(streams, otherStreams)])
    let levelled = levelled(others, graph.view(streams, slice))
    var sum = graph.view(streams, slice)
    for _ in 1..<streamCount { sum = elementwise(sum, graph.view(levelled, slice)) }
    return elementwise(sum)
  }

  /// Streams with the magnitude of another.
  private mutating func levelled(_ streams: Int, _ model: Int) -> Int {
    elementwise(elementwise(streams, magnitude(model)), magnitude(streams))
  }

  private mutating func magnitude(_ tensor: Int) -> Int {
    elementwise(rowSums(elementwise(tensor)))
  }

  private mutating func rowSums(_ tensor: Int) -> Int {
    let shape = graph.shape(tensor)
    return graph.result(.other, GraphShape(1, shape.b, shape.c), [tensor])
  }

  /// How a layer mixes streams, by one of them.
  private mutating func mixing(_ layer: Int, _ stream: Int, _ name: String, _ count: Int) -> Int {
    let names = "blk.\(layer).altup_"
    let normed = elementwise(norm(stream, names + "router_norm", layer: layer))
    let routed = elementwise(
      product(weight(names + "router.weight"), normed, rows: tokens, streamCount))
    return product(weight(names + name), routed, rows: tokens, count)
  }

  /// What the streams should become.
  private mutating func predicted(_ layer: Int, _ streams: Int) -> Int {
    let turned = GraphShape(streamCount, shape.width, tokens)
    let columns = graph.result(.other, turned, [graph.view(streams, turned)])
    let mixing = mixing(
      layer, graph.view(streams, slice), "predict_coef.weight", streamCount * streamCount)
    let square = graph.view(mixing, GraphShape(streamCount, streamCount, tokens))
    let mixed = graph.result(
      .product, GraphShape(shape.width, streamCount, tokens), [columns, square])
    let change = graph.result(.other, allStreams, [graph.view(mixed, allStreams)])
    return elementwise(change, streams)
  }

  /// The predictions, corrected by what the layer made of the first of them.
  private mutating func corrected(_ layer: Int, _ predictions: Int, _ made: Int) -> Int {
    let innovation = elementwise(made, graph.view(predictions, slice))
    let repeated = graph.result(.other, allStreams, [innovation])
    let mixing = elementwise(mixing(layer, made, "correct_coef.weight", streamCount))
    let columns = graph.result(
      .other, GraphShape(1, tokens, streamCount),
      [graph.view(mixing, GraphShape(tokens, streamCount))])
    return elementwise(elementwise(repeated, columns), predictions)
  }
}

// MARK: Layers

extension GraphBuilder {
  /// Layers at the start that drop small activations: fixed in llama.cpp.
  private static let sparseLayers = 10

  fileprivate mutating func streamedLayer(
    _ layer: Int, _ streams: Int, _ embeddings: Int
  ) -> Int {
    guard let memory = shape.layers[layer].attention else { return streams }
    let predictions = predicted(layer, streams)
    let made = activeStream(layer, memory, graph.view(predictions, slice))
    let corrected = corrected(layer, predictions, made)
    let first = graph.view(corrected, slice)
    let rest = graph.view(corrected, otherStreams)
    let scaled = elementwise(
      graph.view(corrected, slice), weight("blk.\(layer).altup_correct_scale.weight"))
    let sum = elementwise(rest, ownEmbedding(layer, embeddings, scaled))
    return graph.result(.other, allStreams, [first, sum])
  }

  /// Attention beside a product of low rank, then the feed-forward network.
  private mutating func activeStream(
    _ layer: Int, _ memory: LayerMemory.Attention, _ input: Int
  ) -> Int {
    let names = "blk.\(layer)."
    let normed = norm(input, names + "attn_norm", layer: layer)
    var current = valueNormedAttention(layer, memory, normed, byFactors: true)
    current = norm(current, names + "post_attention_norm", layer: layer)
    current = elementwise(current, input)
    let sum = elementwise(elementwise(current, lowRank(layer, normed)))
    current = sparseNetwork(layer, norm(sum, names + "ffn_norm", layer: layer))
    return elementwise(norm(current, names + "post_ffw_norm", layer: nil), sum)
  }

  private mutating func lowRank(_ layer: Int, _ input: Int) -> Int {
    let names = "blk.\(layer).laurel_"
    let low = product(
      weight(names + "l.weight"), input, rows: tokens, width(names + "l.weight"))
    let high = product(weight(names + "r.weight"), low, rows: tokens, shape.width)
    return elementwise(norm(high, names + "post_norm", layer: layer), input)
  }

  private mutating func sparseNetwork(_ layer: Int, _ input: Int) -> Int {
    let names = "blk.\(layer).ffn_"
    let wide = width(names + "up.weight")
    let up = product(weight(names + "up.weight"), input, rows: tokens, wide)
    var gate = product(weight(names + "gate.weight"), input, rows: tokens, wide)
    if layer < Self.sparseLayers { gate = largestOnly(gate) }
    return product(
      weight(names + "down.weight"), elementwise(up, elementwise(gate)), rows: tokens, shape.width)
  }

  /// Activations less a threshold of so many deviations above their mean, none below zero.
  private mutating func largestOnly(_ gate: Int) -> Int {
    let mean = rowSums(gate)
    let squares = elementwise(elementwise(gate, mean))
    let deviation = elementwise(elementwise(elementwise(rowSums(squares))))
    return elementwise(elementwise(gate, elementwise(mean, deviation)))
  }
}
