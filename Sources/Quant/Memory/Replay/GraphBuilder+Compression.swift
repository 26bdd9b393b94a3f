// SPDX-License-Identifier: MIT
internal import GGUF

// MARK: Attention over the latest rows and compressed ones before them

extension GraphBuilder {
  mutating func compressedAttention(_ layer: Int, _ input: Int) -> Int {
    guard let memory = shape.layers[layer].attention else { return input }
    let names = "blk.\(layer).attn_"
    let compressors = Compressor.all(model, layer)
    let compressed = compressors.map { compress(layer, $0, input) }
    let low = lowQueries(layer, input)
    let heads = GraphShape(memory.keySize, memory.heads, tokens)
    let wide = graph.view(
      product(weight(names + "q_b.weight"), low, rows: tokens, memory.heads * memory.keySize), heads)
    var queries = rotated(graph.result(.elementwise, heads, [wide]), layer)
    let product = self.product(weight(names + "kv.weight"), input, rows: tokens, memory.keySize)
    let normed = norm(product, names + "kv_a_norm", layer: layer)
    var keys = rotated(graph.view(normed, GraphShape(memory.keySize, 1, tokens)), layer)
    let rotation = self.rotation(options.keyType, memory.keySize, "keys", memory, largest: true)
    if let rotation { (queries, keys) = (turned(queries, rotation), turned(keys, rotation)) }
    for tensor in [queries, keys] { graph.expand(tensor) }
    let latest = store(layer, memory, keys)
    let rows = CompressedRows(
      latest: latest, compressed: compressed.first, compressor: compressors.first,
      mask: mask(layer, memory, compressed, low, input))
    var current = weighted(layer, memory, queries, rows)
    graph.expand(current)
    if let rotation { current = turned(current, rotation) }
    return compressedOutput(layer, rotated(graph.view(current, heads), layer))
  }

  private mutating func store(
    _ layer: Int, _ memory: LayerMemory.Attention, _ keys: Int
  ) -> Int {
    let cache = graph.leaf(.cache(layer), GraphShape(memory.keySize), bytes: 0)
    let places = input("key places sliding", GraphShape(tokens), bytes: 8 * tokens)
    let rows = graph.view(keys, GraphShape(memory.keySize, tokens))
    graph.expand(graph.write([rows, places], into: cache))
    return cache
  }

  /// Groups of heads have an output each, and these one together.
  private mutating func compressedOutput(_ layer: Int, _ heads: Int) -> Int {
    let first = weight("blk.\(layer).attn_output_a.weight")
    let (size, all) = (graph.shape(first).a, graph.shape(first).rows)
    let groups = graph.shape(heads).a * graph.shape(heads).b / size
    let grouped = graph.result(
      .product, GraphShape(all / groups, tokens, groups),
      [first, graph.view(heads, GraphShape(size, tokens, groups))])
    let joined = graph.result(.other, GraphShape(all, tokens), [grouped])
    return product(
      weight("blk.\(layer).attn_output_b.weight"), joined, rows: tokens, shape.width)
  }

  // MARK: Scores

  /// Which rows each token may see: of the latest, and of the compressed ones.
  private mutating func mask(
    _ layer: Int, _ memory: LayerMemory.Attention, _ caches: [Int], _ low: Int, _ input: Int
  ) -> Int {
    let latest = mask(cells: self.caches.cells(memory), "sliding")
    guard let compressor = Compressor.all(model, layer).first else { return latest }
    let rows = self.caches.rows(.init(width: 0, rows: .compressed(compressor.ratio)))
    var older = mask(cells: rows, compressor.kind)
    if caches.count > 1 {
      let chosen = chosenRows(layer, caches[1], rows, low, input)
      older = mask(older, showing: chosen, whole: options.usesFlashAttention ? 2 : 4)
    }
    let (a, b) = (graph.shape(latest), graph.shape(older))
    return graph.result(
      .other, GraphShape(a.a + b.a, a.b, 1, a.d), [latest, older],
      bytes: graph.bytes(latest) + graph.bytes(older))
  }

  private mutating func mask(cells: Int, _ name: String) -> Int {
    let streams = caches.streams
    return input(
      "mask \(name)", GraphShape(cells, tokens / streams, 1, streams),
      bytes: (options.usesFlashAttention ? 2 : 4) * cells * tokens)
  }

  private mutating func chosenRows(
    _ layer: Int, _ cache: Int, _ cells: Int, _ low: Int, _ input: Int
  ) -> Int {
    let width = graph.shape(cache).a
    return chosenRows(
      IndexedRows(
        names: "blk.\(layer).indexer.", keys: rows(of: cache, width, cells), cells: cells,
        streams: caches.streams, scalesWeightsFirst: true),
      layer, width, low, input)
  }

  /// All rows of a cache.
  private mutating func rows(of cache: Int, _ width: Int, _ cells: Int) -> Int {
    let streams = caches.streams
    return graph.view(
      cache, GraphShape(width, 1, cells, streams),
      bytes: options.keyType.bytes(ofRow: width) * cells * streams,
      padding: RowPadding.bytes(options.keyType, row: width))
  }

  private mutating func weighted(
    _ layer: Int, _ memory: LayerMemory.Attention, _ queries: Int, _ rows: CompressedRows
  ) -> Int {
    let streams = caches.streams
    let all = joined(rows, memory)
    let cells = graph.shape(all).c
    let split = graph.view(
      queries, GraphShape(memory.keySize, tokens / streams, memory.heads, streams))
    let (keys, values) = (turned(all), turned(all))
    let sinks = traits.hasSinks ? [weight("blk.\(layer).attn_sinks.weight")] : []
    if options.usesFlashAttention {
      let result = GraphShape(memory.keySize, memory.heads, tokens / streams, streams)
      let bytes = 4 * result.count
      return graph.result(
        .other, result, [split, keys, values, rows.mask] + sinks,
        deviceBytes: bytes + halfCopies(memory, cells: cells * streams, bytes))
    }
    let standing = graph.result(
      .other, GraphShape(cells, memory.keySize, 1, streams), [values],
      bytes: options.keyType.bytes(ofRow: memory.keySize) * cells * streams)
    let product = graph.result(
      .product, GraphShape(cells, tokens / streams, memory.heads, streams), [keys, split])
    let scores = graph.result(.elementwise, graph.shape(product), [product, rows.mask] + sinks)
    let sum = graph.result(.product, graph.shape(split), [standing, scores])
    return joined(graph.view(sum, graph.shape(sum)), memory.keySize * memory.heads)
  }

  /// Rows as attention reads them.
  private mutating func turned(_ rows: Int) -> Int {
    let shape = graph.shape(rows)
    return graph.view(
      rows, GraphShape(shape.a, shape.c, 1, shape.d), bytes: graph.bytes(rows),
      padding: RowPadding.bytes(options.keyType, row: shape.a))
  }

  /// The latest rows, and the compressed ones copied behind them.
  private mutating func joined(_ rows: CompressedRows, _ memory: LayerMemory.Attention) -> Int {
    let latest = self.rows(of: rows.latest, memory.keySize, caches.cells(memory))
    guard let compressed = rows.compressed, let compressor = rows.compressor else { return latest }
    let count = caches.rows(.init(width: memory.keySize, rows: .compressed(compressor.ratio)))
    let older = self.rows(of: compressed, memory.keySize, count)
    let cells = graph.shape(latest).c + count
    let bytes = graph.bytes(latest) + graph.bytes(older)
    return graph.result(
      .other, GraphShape(memory.keySize, 1, cells, caches.streams), [latest, older],
      bytes: bytes, deviceBytes: bytes + RowPadding.bytes(options.keyType, row: memory.keySize))
  }
}

/// What a layer attends to.
private struct CompressedRows {
  /// The cache of the latest rows.
  let latest: Int
  /// The cache of the compressed ones before them.
  let compressed: Int?
  let compressor: Compressor?
  let mask: Int
}
