// SPDX-License-Identifier: MIT
internal import GGUF

extension GraphBuilder {
  /// Attention through compressed keys and values, as DeepSeek has it.
  mutating func latentAttention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ input: Int
  ) -> Int {
    let names = "blk.\(layer).attn_"
    let rotary = shape.rotarySize
    let heads = memory.heads
    let low = lowQueries(layer, input)
    let mask = indexedMask(layer, memory, low, input)
    let queries = latentQueries(layer, heads, low)
    let plain = shape.headKeySize - rotary
    let plainQueries = graph.view(queries, GraphShape(plain, heads, tokens))
    var turnedQueries = graph.view(queries, GraphShape(rotary, heads, tokens))
    let compressed = product(
      weight(names + "kv_a_mqa.weight"), input, rows: tokens, shape.latentRank + rotary)
    var rows = graph.view(compressed, GraphShape(shape.latentRank, tokens))
    var turnedKeys = graph.view(compressed, GraphShape(rotary, 1, tokens))
    turnedQueries = rotated(turnedQueries, layer)
    turnedKeys = rotated(turnedKeys, layer)
    rows = norm(rows, names + "kv_a_norm", layer: layer)
    guard memory.isLatent else {
      return decompressedAttention(
        layer, memory, plainQueries, turnedQueries, rows, turnedKeys)
    }
    let absorbed = graph.result(
      .product, GraphShape(shape.latentRank, tokens, heads),
      [weight(names + "k_b.weight"), graph.view(plainQueries, GraphShape(plain, tokens, heads))])
    let swapped = graph.view(absorbed, GraphShape(shape.latentRank, heads, tokens))
    let allQueries = graph.result(
      .other, GraphShape(memory.keySize, heads, tokens), [swapped, turnedQueries])
    rows = graph.view(rows, GraphShape(shape.latentRank, 1, tokens))
    let keys = graph.result(.other, GraphShape(memory.keySize, 1, tokens), [rows, turnedKeys])
    return cachedRowsAttention(layer, memory, tempered(allQueries), keys, rows, mask)
  }

  /// Queries before they are decompressed; the input itself where they are not compressed.
  mutating func lowQueries(_ layer: Int, _ input: Int) -> Int {
    guard !model.hasPlainQueries(layer) else { return input }
    let names = "blk.\(layer).attn_"
    let first = weight(names + "q_a.weight")
    let low = product(first, input, rows: tokens, graph.shape(first).b)
    return norm(low, names + "q_a_norm", layer: layer)
  }

  mutating func latentQueries(_ layer: Int, _ heads: Int, _ low: Int) -> Int {
    let name = model.hasPlainQueries(layer) ? "q" : "q_b"
    return product(
      weight("blk.\(layer).attn_\(name).weight"), low, rows: tokens,
      heads * shape.headKeySize)
  }

  /// One cached row a token serves as key and value of all heads.
  mutating func cachedRowsAttention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ queries: Int, _ keys: Int, _ values: Int,
    _ mask: Int?
  ) -> Int {
    for tensor in [queries, values, keys] { graph.expand(tensor) }
    let cache = storeRows(layer, memory, keys)
    let cached = CachedRows(
      keys: cacheView(cache, memory, options.keyType, memory.keySize),
      values: cacheView(cache, memory, options.keyType, memory.valueSize))
    let current = weighted(layer, memory, queries, cached, mask)
    graph.expand(current)
    return product(
      weight("blk.\(layer).attn_output.weight"), current, rows: tokens, shape.width)
  }

  /// Writes the batch's rows into a cache that holds keys and values in one.
  mutating func storeRows(
    _ layer: Int, _ memory: LayerMemory.Attention, _ keys: Int
  ) -> Int {
    let kind = memory.isSliding ? "sliding" : "whole"
    let cache = graph.leaf(.cache(layer), GraphShape(memory.keyWidth), bytes: 0)
    let places = input("key places \(kind)", GraphShape(tokens), bytes: 8 * tokens)
    let rows = graph.view(keys, GraphShape(memory.keyWidth, tokens))
    graph.expand(graph.write([rows, places], into: cache))
    return cache
  }

  /// Keys and values are decompressed first, and cached head by head (files made before 2025).
  mutating func decompressedAttention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ plainQueries: Int, _ turnedQueries: Int,
    _ rows: Int, _ turnedKeys: Int
  ) -> Int {
    let (heads, plain) = (memory.heads, shape.headKeySize - shape.rotarySize)
    let both = product(
      weight("blk.\(layer).attn_kv_b.weight"), rows, rows: tokens,
      heads * (plain + shape.headValueSize))
    let plainKeys = graph.view(both, GraphShape(plain, heads, tokens))
    let slice = graph.view(both, GraphShape(shape.headValueSize, heads, tokens))
    let values = graph.result(.other, graph.shape(slice), [slice])
    let whole = GraphShape(shape.headKeySize, heads, tokens)
    let queries = graph.result(.other, whole, [plainQueries, turnedQueries])
    let repeated = graph.result(
      .other, graph.shape(turnedQueries), [turnedKeys, turnedQueries].filter { $0 == turnedKeys })
    let keys = graph.result(.other, whole, [plainKeys, repeated])
    return attention(layer, memory, queries, keys, values)
  }
}
