internal import GGUF
// SPDX-License-Identifier: MIT
internal import QuantModels

extension GraphBuilder {
  /// Attention, then the feed-forward network.
  mutating func transformerLayer(_ layer: Int, _ input: Int) -> Int {
    guard let memory = shape.layers[layer].attention else { return input }
    let normed = norm(input, "blk.\(layer).attn_norm", layer: layer)
    var current =
      traits.computation.family == .latent
      ? latentAttention(layer, memory, normed) : plainAttention(layer, memory, normed)
    var residual = input
    if layer == shape.trunkCount - 1 && !traits.computation.choosesRowsLast {
      current = outputRows(current)
      residual = outputRows(residual)
    }
    if traits.hasPostNorms {
      current = norm(current, "blk.\(layer).post_attention_norm", layer: layer)
    }
    let sum = elementwise(current, residual)
    current = norm(sum, "blk.\(layer).\(traits.feedForwardNorm)", layer: layer)
    current = feedForward(layer, current)
    if traits.hasPostNorms { current = norm(current, "blk.\(layer).post_ffw_norm", layer: nil) }
    return elementwise(current, sum)
  }

  mutating func plainAttention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ input: Int
  ) -> Int {
    let names = "blk.\(layer).attn_"
    var (queries, keys, values) = projections(names, memory, input)
    if traits.normsQueries { queries = norm(queries, names + "q_norm", layer: layer) }
    queries = rotated(queries, layer)
    if traits.normsQueries { keys = norm(keys, names + "k_norm", layer: layer) }
    keys = rotated(keys, layer)
    if traits.computation.scalesQueries { queries = elementwise(queries, queries) }
    return attention(layer, memory, queries, keys, values)
  }

  /// Queries, keys and values, from three products or one.
  mutating func projections(
    _ names: String, _ memory: LayerMemory.Attention, _ input: Int
  ) -> (Int, Int, Int) {
    let (key, value) = (memory.keySize, memory.valueSize)
    let widths = [memory.heads * key, memory.keyWidth, memory.valueWidth]
    let parts: [Int]
    if model.contains(names + "qkv.weight") {
      let all = linear(names + "qkv", input, rows: tokens, widths.reduce(0, +))
      parts = [all, all, all]
    } else {
      parts = zip(["q", "k", "v"], widths).map { linear(names + $0, input, rows: tokens, $1) }
    }
    return (
      graph.view(parts[0], GraphShape(key, memory.heads, tokens)),
      graph.view(parts[1], GraphShape(key, memory.keyValueHeads, tokens)),
      graph.view(parts[2], GraphShape(value, memory.keyValueHeads, tokens))
    )
  }

  /// Turns numbers by their positions.
  mutating func rotated(_ tensor: Int, _ layer: Int) -> Int {
    var sources = [tensor, input("positions", GraphShape(tokens), bytes: 4 * tokens)]
    if traits.hasFactors { sources.append(factors(layer: layer)) }
    return graph.result(.rotation, graph.shape(tensor), sources)
  }

  /// Attention over a cache of keys and values, and the output's product.
  mutating func attention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ queries: Int, _ keys: Int, _ values: Int
  ) -> Int {
    var (queries, keys, values) = (queries, keys, values)
    // Quantized caches hold rotated rows, which have fewer outliers.
    let keyRotation = rotation(options.keyType, memory.keySize, "keys", memory, largest: true)
    let valueRotation = rotation(
      options.valueType, memory.valueSize, "values", memory, largest: false)
    if let keyRotation {
      queries = turned(queries, keyRotation)
      keys = turned(keys, keyRotation)
    }
    if let valueRotation { values = turned(values, valueRotation) }
    let order =
      traits.computation.storesKeysFirst ? [queries, keys, values] : [queries, values, keys]
    for tensor in order { graph.expand(tensor) }
    let caches = store(layer, memory, keys, values)
    let cached = CachedRows(
      keys: cacheView(caches.keys, memory, options.keyType, memory.keySize),
      values: cacheView(caches.values, memory, options.valueType, memory.valueSize))
    var current = weighted(layer, memory, queries, cached)
    graph.expand(current)
    if let valueRotation { current = turned(current, valueRotation) }
    return linear("blk.\(layer).attn_output", current, rows: tokens, shape.width)
  }

  /// Writes the batch's keys and values into the cache.
  mutating func store(
    _ layer: Int, _ memory: LayerMemory.Attention, _ keys: Int, _ values: Int
  ) -> (keys: Int, values: Int) {
    let kind = memory.isSliding ? "sliding" : "whole"
    let keyCache = graph.leaf(.cache(layer), GraphShape(memory.keyWidth), bytes: 0)
    let valueCache = graph.leaf(.cache(layer), GraphShape(memory.valueWidth), bytes: 0)
    let keyRows = graph.view(keys, GraphShape(memory.keyWidth, tokens))
    let keyPlaces = input("key places \(kind)", GraphShape(tokens), bytes: 8 * tokens)
    graph.expand(graph.write([keyRows, keyPlaces], into: keyCache))
    // Without flash attention values are stored transposed, number by number.
    let widest = shape.attentionLayers.map(\.valueWidth).max() ?? 0
    let places = options.usesFlashAttention ? tokens : tokens * widest
    let valueRows = graph.view(values, GraphShape(memory.valueWidth, tokens))
    let valuePlaces = input("value places \(kind)", GraphShape(places), bytes: 8 * places)
    graph.expand(graph.write([valueRows, valuePlaces], into: valueCache))
    return (keyCache, valueCache)
  }

  /// All cells of a layer's cache.
  mutating func cacheView(
    _ cache: Int, _ memory: LayerMemory.Attention, _ type: TensorType, _ size: Int
  ) -> Int {
    let cells = CacheEstimate(shape: shape, options: options).cells(memory)
    let rows = cells * options.streams * memory.keyValueHeads
    return graph.view(
      cache, GraphShape(size, cells, memory.keyValueHeads, options.streams),
      bytes: type.bytes(ofRow: size) * rows, padding: RowPadding.bytes(type, row: size))
  }

  // MARK: Rotations of quantized caches

  mutating func rotation(
    _ type: TensorType, _ size: Int, _ name: String, _ memory: LayerMemory.Attention, largest: Bool
  ) -> Int? {
    guard type.isQuantized, size % 64 == 0 else { return nil }
    let order = largest ? RotationOrder.largest(dividing: size) : RotationOrder.least
    let kind = memory.isSliding ? "sliding" : "whole"
    return input(
      "rotation of \(name) \(kind)", GraphShape(order, order), bytes: 4 * order * order)
  }

  mutating func turned(_ tensor: Int, _ rotation: Int) -> Int {
    let (before, order) = (graph.shape(tensor), graph.shape(rotation).a)
    let rows = graph.view(tensor, GraphShape(order, before.count / order))
    let turned = graph.result(.product, GraphShape(order, before.count / order), [rotation, rows])
    return graph.view(turned, before)
  }
}

/// The sizes of the matrices that rows are turned by before they are quantized.
enum RotationOrder {
  static let least = 64

  /// The largest that divides rows of a width.
  static func largest(dividing width: Int) -> Int {
    var order = least
    while width % (2 * order) == 0 { order *= 2 }
    return order
  }
}

/// Views of a layer's cache.
struct CachedRows {
  let keys: Int
  let values: Int
}
