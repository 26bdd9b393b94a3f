// SPDX-License-Identifier: MIT
internal import GGUF

/// What the queries of an indexer are compared with.
struct IndexedRows {
  /// The layer's tensors of the indexer: `blk.N.indexer.`.
  let names: String
  /// The cached keys.
  let keys: Int
  /// Keys of a stream.
  let cells: Int
  /// Streams of the batch.
  let streams: Int
  /// Whether the weights of the heads are scaled before they are shared out among streams.
  var scalesWeightsFirst = false
}

extension GraphBuilder {
  /// The mask of an attention that sees only chosen rows: those of the layer's indexer, which reads the
  /// compressed queries, or of the last one before it. `nil` for layers that see all.
  mutating func indexedMask(
    _ layer: Int, _ memory: LayerMemory.Attention, _ low: Int, _ input: Int
  ) -> Int? {
    guard let cache = shape.layers[layer].caches.first else {
      return chosenRows.map { mask(mask(memory), showing: $0, zeros: 4) }
    }
    let keys = storeIndexerKeys(layer, cache.width, input)
    let streams = caches.streams
    let rows = caches.rows(cache)
    let view = graph.view(
      keys, GraphShape(cache.width, 1, rows, streams),
      bytes: options.keyType.bytes(ofRow: cache.width) * rows * streams,
      padding: options.rules.padding(options.keyType, row: cache.width))
    let chosen = chosenRows(
      IndexedRows(names: "blk.\(layer).indexer.", keys: view, cells: rows, streams: streams),
      layer, cache.width, low, input)
    chosenRows = chosen
    return mask(mask(memory), showing: chosen, zeros: 4)
  }

  /// Writes the indexer's keys of the batch into their cache.
  private mutating func storeIndexerKeys(_ layer: Int, _ width: Int, _ input: Int) -> Int {
    let names = "blk.\(layer).indexer."
    let product = self.product(weight(names + "attn_k.weight"), input, rows: tokens, width)
    var keys = graph.result(.other, graph.shape(product), [product])
    if tokens < 32 { graph.pin(keys, to: .deviceOfLayer(layer)) }
    keys = elementwise(keys, weight(names + "k_norm.weight"))
    if model.contains(names + "k_norm.bias") {
      keys = elementwise(keys, weight(names + "k_norm.bias"))
    }
    keys = rotated(graph.view(keys, GraphShape(width, 1, tokens)), layer)
    keys = turned(keys, indexerRotation(width))
    let cache = graph.leaf(.cache(layer), GraphShape(width), bytes: 0)
    let places = self.input("indexer places", GraphShape(tokens), bytes: 8 * tokens)
    graph.expand(graph.write([graph.view(keys, GraphShape(width, tokens)), places], into: cache))
    return cache
  }

  /// The matrix that an indexer's queries and keys are turned by, whatever the type of its cache.
  mutating func indexerRotation(_ width: Int) -> Int {
    let order = RotationOrder.largest(dividing: width)
    return input("rotation of indexer", GraphShape(order, order), bytes: 4 * order * order)
  }

  /// Which rows score highest for each token.
  mutating func chosenRows(
    _ rows: IndexedRows, _ layer: Int, _ width: Int, _ low: Int, _ input: Int
  ) -> Int {
    let heads = self.width(rows.names + "proj.weight")
    let perStream = tokens / rows.streams
    let product = self.product(
      weight(rows.names + "attn_q_b.weight"), low, rows: tokens, heads * width)
    var queries = rotated(graph.view(product, GraphShape(width, heads, tokens)), layer)
    queries = turned(queries, indexerRotation(width))
    queries = graph.view(queries, GraphShape(width, heads, perStream, rows.streams))
    let weights = headWeights(rows, heads, input)
    let flags = self.input(
      "mask of indexer", GraphShape(rows.cells, perStream, 1, rows.streams),
      bytes: 2 * rows.cells * tokens)
    let scores = graph.result(
      .other, GraphShape(rows.cells, perStream, 1, rows.streams),
      [queries, rows.keys, weights, flags])
    let count = min(shape.indexedRows, rows.cells)
    let best = graph.result(.other, GraphShape(count, perStream, 1, rows.streams), [scores])
    return graph.result(.other, graph.shape(best), [best])
  }

  private mutating func headWeights(_ rows: IndexedRows, _ heads: Int, _ input: Int) -> Int {
    let split = GraphShape(heads, tokens / rows.streams, 1, rows.streams)
    let weights = product(weight(rows.names + "proj.weight"), input, rows: tokens, heads)
    guard rows.scalesWeightsFirst else {
      let view = graph.view(weights, split)
      return graph.result(.elementwise, split, [view])
    }
    return graph.view(elementwise(weights, weights), split)
  }

  /// A mask that hides all but chosen rows, where zeros of `size` bytes are written.
  mutating func mask(_ mask: Int, showing chosen: Int, zeros size: Int) -> Int {
    let (all, picked) = (graph.shape(mask), graph.shape(chosen))
    let bytes = graph.bytes(mask)
    let zeros = GraphShape(1, picked.a, picked.b, picked.d)
    let blank = graph.blank(zeros, bytes: size * zeros.count)
    let zero = graph.result(.elementwise, zeros, [blank], bytes: size * zeros.count)
    let hidden = graph.result(.elementwise, all, [mask], bytes: bytes)
    let target = graph.view(hidden, GraphShape(1, all.a, all.b, all.d), bytes: bytes)
    let places = graph.view(chosen, GraphShape(picked.a, picked.b, picked.d))
    let shown = graph.write([zero, places], into: target)
    return graph.result(
      .elementwise, all, [graph.view(shown, all, bytes: bytes), mask], bytes: bytes)
  }
}
