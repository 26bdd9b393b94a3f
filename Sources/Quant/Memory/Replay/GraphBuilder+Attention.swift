internal import GGUF
// SPDX-License-Identifier: MIT
internal import QuantModels

extension GraphBuilder {
  /// Attention, then the feed-forward network.
  mutating func transformerLayer(_ layer: Int, _ input: Int) -> Int {
    guard let memory = shape.layers[layer].attention else { return input }
    let normed = norm(input, "blk.\(layer).attn_norm", layer: layer)
    let current =
      traits.computation.family == .latent
      ? latentAttention(layer, memory, normed) : plainAttention(layer, memory, normed)
    return completed(layer, current, input)
  }

  /// A layer's feed-forward network behind its attention, or what it has in its place.
  mutating func completed(_ layer: Int, _ attention: Int, _ input: Int) -> Int {
    var (current, residual) = (attention, input)
    let choosesRows =
      !traits.computation.choosesRowsLast && !traits.computation.choosesRowsAfterNorm
    if layer == shape.trunkCount - 1 && choosesRows {
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
    return traits.computation.addsToResidual
      ? elementwise(sum, current) : elementwise(current, sum)
  }

  mutating func plainAttention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ input: Int
  ) -> Int {
    let names = "blk.\(layer).attn_"
    var (queries, keys, values) = projections(names, memory, input, normedIn: layer)
    queries = positioned(queries, names + "q_norm", layer)
    keys = positioned(keys, names + "k_norm", layer)
    if traits.computation.scalesQueries { queries = elementwise(queries, queries) }
    return attention(layer, memory, tempered(queries), keys, values)
  }

  /// Queries, raised by a factor for each position where the model has one.
  mutating func tempered(_ queries: Int) -> Int {
    guard traits.hasTemperature else { return queries }
    return elementwise(
      queries, input("temperatures", GraphShape(1, 1, tokens), bytes: 4 * tokens))
  }

  /// Queries or keys after their norm and rotation.
  private mutating func positioned(_ heads: Int, _ norm: String, _ layer: Int) -> Int {
    var current = heads
    let norms = traits.normsQueries && !traits.normsHeadsTogether
    if traits.computation.rotatesBeforeNorms {
      current = rotated(current, layer)
      return norms ? self.norm(current, norm, layer: layer) : current
    }
    if norms { current = self.norm(current, norm, layer: layer) }
    let period = traits.computation.unrotatedPeriod
    return period > 0 && (layer + 1) % period == 0 ? current : rotated(current, layer)
  }

  /// Queries, keys and values, from three products or one; normed where all heads of a layer are normed
  /// together.
  mutating func projections(
    _ names: String, _ memory: LayerMemory.Attention, _ input: Int, normedIn layer: Int? = nil
  ) -> (Int, Int, Int) {
    let (key, value) = (memory.keySize, memory.valueSize)
    let widths = [memory.heads * key, memory.keyWidth, memory.valueWidth]
    var parts: [Int]
    if model.contains(names + "qkv.weight") {
      let all = linear(names + "qkv", input, rows: tokens, widths.reduce(0, +))
      parts = [all, all, all]
    } else {
      parts = zip(["q", "k", "v"], widths).map { linear(names + $0, input, rows: tokens, $1) }
    }
    if let layer, traits.normsHeadsTogether {
      parts[0] = norm(parts[0], names + "q_norm", layer: layer)
      parts[1] = norm(parts[1], names + "k_norm", layer: layer)
    }
    return (
      graph.view(parts[0], GraphShape(key, memory.heads, tokens)),
      graph.view(parts[1], GraphShape(key, memory.keyValueHeads, tokens)),
      graph.view(parts[2], GraphShape(value, memory.keyValueHeads, tokens))
    )
  }

  /// Turns numbers by their positions, in layers that know them, and by the file's factors if it has any.
  mutating func rotated(_ tensor: Int, _ layer: Int, byFactors: Bool = true) -> Int {
    guard shape.layers[layer].attention?.isRotated ?? true else { return tensor }
    let places = tokens * traits.computation.positionsPerToken
    var sources = [tensor, input("positions", GraphShape(places), bytes: 4 * places)]
    if traits.factors != nil && byFactors { sources.append(factors(layer: layer)) }
    return graph.result(.rotation, graph.shape(tensor), sources)
  }

  /// Attention over a cache of keys and values, and the output's product.
  mutating func attention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ queries: Int, _ keys: Int, _ values: Int
  ) -> Int {
    let current = attended(layer, memory, queries, (keys, values))
    return linear("blk.\(layer).attn_output", current, rows: tokens, shape.width)
  }

  /// Attention over a cache: what the heads find, side by side.
  ///
  /// `own` are the batch's keys and values; a layer that reads another's cache has none.
  mutating func attended(
    _ layer: Int, _ memory: LayerMemory.Attention, _ queries: Int, _ own: (keys: Int, values: Int)?
  ) -> Int {
    // Quantized caches hold rotated rows, which have fewer outliers.
    let keyRotation = rotation(options.keyType, memory.keySize, "keys", memory, largest: true)
    let valueRotation = rotation(
      options.valueType, memory.valueSize, "values", memory, largest: false)
    let queries = keyRotation.map { turned(queries, $0) } ?? queries
    var caches = cacheLeaves(memory.sharedLayer ?? layer, memory)
    if let own {
      let keys = keyRotation.map { turned(own.keys, $0) } ?? own.keys
      let values = valueRotation.map { turned(own.values, $0) } ?? own.values
      let order =
        traits.computation.storesKeysFirst ? [queries, keys, values] : [queries, values, keys]
      for tensor in order { graph.expand(tensor) }
      caches = store(layer, memory, keys, values)
    } else {
      graph.expand(queries)
    }
    let cached = CachedRows(
      keys: cacheView(caches.keys, memory, options.keyType, memory.keySize),
      values: cacheView(caches.values, memory, options.valueType, memory.valueSize))
    let current = weighted(layer, memory, queries, cached)
    graph.expand(current)
    return valueRotation.map { turned(current, $0) } ?? current
  }

  /// The caches of a layer.
  private mutating func cacheLeaves(
    _ layer: Int, _ memory: LayerMemory.Attention
  ) -> (keys: Int, values: Int) {
    (
      graph.leaf(.cache(layer), GraphShape(memory.keyWidth), bytes: 0),
      graph.leaf(.cache(layer), GraphShape(memory.valueWidth), bytes: 0)
    )
  }

  /// Writes the batch's keys and values into the cache.
  mutating func store(
    _ layer: Int, _ memory: LayerMemory.Attention, _ keys: Int, _ values: Int
  ) -> (keys: Int, values: Int) {
    let kind = memory.isSliding ? "sliding" : "whole"
    let (keyCache, valueCache) = cacheLeaves(layer, memory)
    let keyRows = graph.view(keys, GraphShape(memory.keyWidth, tokens))
    let keyPlaces = input("key places \(kind)", GraphShape(tokens), bytes: 8 * tokens)
    graph.expand(graph.write([keyRows, keyPlaces], into: keyCache))
    // Without flash attention values are stored transposed, number by number.
    let places = options.usesFlashAttention ? tokens : tokens * caches.widestValues
    let valueRows = graph.view(values, GraphShape(memory.valueWidth, tokens))
    let valuePlaces = input("value places \(kind)", GraphShape(places), bytes: 8 * places)
    graph.expand(graph.write([valueRows, valuePlaces], into: valueCache))
    return (keyCache, valueCache)
  }

  /// All cells of a layer's cache.
  mutating func cacheView(
    _ cache: Int, _ memory: LayerMemory.Attention, _ type: TensorType, _ size: Int
  ) -> Int {
    let cells = caches.cells(memory)
    let rows = cells * options.streams * memory.keyValueHeads
    // Compressed values are parts of the rows of keys, and lie as far apart.
    let whole = type.bytes(ofRow: memory.isLatent ? memory.keySize : size)
    return graph.view(
      cache, GraphShape(size, cells, memory.keyValueHeads, options.streams),
      bytes: whole * (rows - 1) + type.bytes(ofRow: size),
      padding: options.rules.padding(type, row: size))
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
