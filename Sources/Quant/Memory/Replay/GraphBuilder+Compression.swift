// SPDX-License-Identifier: MIT
internal import GGUF

// MARK: Attention over the latest rows and compressed ones before them

extension GraphBuilder {
  mutating func compressedAttention(_ layer: Int, _ input: Int) -> Int {
    guard let memory = shape.layers[layer].attention else { return input }
    let compressed = Compressor.all(model, layer).map { compress(layer, $0, input) }
    let low = lowQueries(layer, input)
    var queries = normedQueries(layer, memory, low)
    var keys = latestRows(layer, memory, input)
    let rotation = self.rotation(
      options.keyType, memory.keySize, "keys", memory, largest: true)
    if let rotation { (queries, keys) = (turned(queries, rotation), turned(keys, rotation)) }
    for tensor in [queries, keys] { graph.expand(tensor) }
    let latest = rows(of: storeRows(layer, memory, keys), memory.keySize, caches.cells(memory))
    let mask = self.mask(layer, memory, compressed, low, input)
    var current = weighted(
      layer, memory, queries, joined(layer, latest, compressed.first), mask)
    graph.expand(current)
    if let rotation { current = turned(current, rotation) }
    let heads = GraphShape(memory.keySize, memory.heads, tokens)
    return groupedOutput(layer, rotated(graph.view(current, heads), layer))
  }

  private mutating func normedQueries(
    _ layer: Int, _ memory: LayerMemory.Attention, _ low: Int
  ) -> Int {
    let heads = GraphShape(memory.keySize, memory.heads, tokens)
    let product = self.product(
      weight("blk.\(layer).attn_q_b.weight"), low, rows: tokens, heads.a * heads.b)
    return rotated(graph.result(.elementwise, heads, [graph.view(product, heads)]), layer)
  }

  /// The batch's rows, which serve as keys and values of all heads.
  private mutating func latestRows(
    _ layer: Int, _ memory: LayerMemory.Attention, _ input: Int
  ) -> Int {
    let names = "blk.\(layer).attn_kv"
    let product = self.product(
      weight(names + ".weight"), input, rows: tokens, memory.keySize)
    let rows = norm(product, names + "_a_norm", layer: layer)
    return rotated(graph.view(rows, GraphShape(memory.keySize, 1, tokens)), layer)
  }

  /// Groups of heads have an output each, and these one together.
  private mutating func groupedOutput(_ layer: Int, _ heads: Int) -> Int {
    let first = weight("blk.\(layer).attn_output_a.weight")
    let (size, all) = (graph.shape(first).a, graph.shape(first).rows)
    let groups = max(1, graph.shape(heads).a * graph.shape(heads).b / max(1, size))
    let grouped = graph.result(
      .product, GraphShape(all / groups, tokens, groups),
      [first, graph.view(heads, GraphShape(size, tokens, groups))])
    let joined = graph.result(.other, GraphShape(all, tokens), [grouped])
    return product(
      weight("blk.\(layer).attn_output_b.weight"), joined, rows: tokens, shape.width)
  }

  // MARK: What is attended to

  /// Which rows each token may see: of the latest, and of the compressed ones.
  private mutating func mask(
    _ layer: Int, _ memory: LayerMemory.Attention, _ compressed: [Int], _ low: Int, _ input: Int
  ) -> Int {
    let latest = mask(memory)
    guard let compressor = Compressor.all(model, layer).first else { return latest }
    let cells = compressor.cells(caches)
    var older = mask(cells: cells, compressor.kind)
    if compressed.count > 1 {
      let width = graph.shape(compressed[1]).a
      let indexed = IndexedRows(
        names: "blk.\(layer).indexer.", keys: rows(of: compressed[1], width, cells), cells: cells,
        streams: caches.streams, scalesWeightsFirst: true)
      let chosen = chosenRows(indexed, layer, width, low, input)
      older = mask(older, showing: chosen, zeros: options.usesFlashAttention ? 2 : 4)
    }
    let (a, b) = (graph.shape(latest), graph.shape(older))
    return graph.result(
      .other, GraphShape(a.a + b.a, a.b, 1, a.d), [latest, older],
      bytes: graph.bytes(latest) + graph.bytes(older))
  }

  /// All rows of a cache.
  private mutating func rows(of cache: Int, _ width: Int, _ cells: Int) -> Int {
    let streams = caches.streams
    return graph.view(
      cache, GraphShape(width, 1, cells, streams),
      bytes: options.keyType.bytes(ofRow: width) * cells * streams,
      padding: options.rules.padding(options.keyType, row: width))
  }

  /// The latest rows, and the compressed ones copied behind them.
  private mutating func joined(_ layer: Int, _ latest: Int, _ compressed: Int?) -> Int {
    guard let compressed, let compressor = Compressor.all(model, layer).first else { return latest }
    let older = rows(of: compressed, compressor.width, compressor.cells(caches))
    let (a, b) = (graph.shape(latest), graph.shape(older))
    let bytes = graph.bytes(latest) + graph.bytes(older)
    return graph.result(
      .other, GraphShape(a.a, 1, a.c + b.c, a.d), [latest, older], bytes: bytes,
      deviceBytes: bytes + options.rules.padding(options.keyType, row: a.a))
  }

  /// Rows as attention reads them.
  private mutating func turned(_ rows: Int) -> Int {
    let shape = graph.shape(rows)
    return graph.view(
      rows, GraphShape(shape.a, shape.c, 1, shape.d), bytes: graph.bytes(rows),
      padding: options.rules.padding(options.keyType, row: shape.a))
  }

  // MARK: Scores

  private mutating func weighted(
    _ layer: Int, _ memory: LayerMemory.Attention, _ queries: Int, _ rows: Int, _ mask: Int
  ) -> Int {
    let split = graph.view(
      queries,
      GraphShape(memory.keySize, tokens / caches.streams, memory.heads, caches.streams))
    let (keys, values) = (turned(rows), turned(rows))
    var sources = [mask]
    if traits.hasSinks { sources.append(weight("blk.\(layer).attn_sinks.weight")) }
    guard options.usesFlashAttention else {
      let standing = graph.result(
        .other, GraphShape(graph.shape(values).b, memory.keySize, 1, caches.streams), [values],
        bytes: graph.bytes(rows))
      return scored(memory, split, keys, standing, sources)
    }
    let count = graph.shape(split).count
    let cells = graph.shape(rows).c * caches.streams
    return graph.result(
      .other,
      GraphShape(memory.keySize, memory.heads, tokens / caches.streams, caches.streams),
      [split, keys, values] + sources,
      deviceBytes: 4 * count + halfCopies(memory, cells: cells, 4 * count))
  }

  private mutating func scored(
    _ memory: LayerMemory.Attention, _ queries: Int, _ keys: Int, _ values: Int, _ others: [Int]
  ) -> Int {
    let split = graph.shape(queries)
    let product = graph.result(
      .product, GraphShape(graph.shape(keys).b, split.b, split.c, split.d), [keys, queries])
    let scores = graph.result(.elementwise, graph.shape(product), [product] + others)
    let sum = graph.result(.product, split, [values, scores])
    return joined(graph.view(sum, split), memory.keySize * memory.heads)
  }
}
