// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

extension GraphBuilder {
  /// Values weighted by how well keys and queries agree: `heads · value size` numbers a token.
  mutating func weighted(
    _ layer: Int, _ memory: LayerMemory.Attention, _ queries: Int, _ cached: CachedRows,
    _ mask: Int? = nil
  ) -> Int {
    let mask = mask ?? self.mask(memory)
    let perStream = tokens / options.streams
    let split = graph.view(
      queries, GraphShape(memory.keySize, perStream, memory.heads, options.streams))
    return options.usesFlashAttention
      ? flashAttention(layer, memory, split, cached, mask)
      : scoredAttention(layer, memory, split, cached, mask)
  }

  /// Which cells each token may see, in 16-bit floats for flash attention.
  mutating func mask(_ memory: LayerMemory.Attention) -> Int {
    mask(cells: caches.cells(memory), memory.isSliding ? "sliding" : "whole")
  }

  mutating func mask(cells: Int, _ name: String) -> Int {
    let streams = caches.streams
    return input(
      "mask \(name)", GraphShape(cells, tokens / streams, 1, streams),
      bytes: (options.usesFlashAttention ? 2 : 4) * cells * tokens)
  }

  mutating func flashAttention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ queries: Int, _ cached: CachedRows,
    _ mask: Int
  ) -> Int {
    let result = GraphShape(
      memory.valueSize, memory.heads, tokens / options.streams, options.streams)
    var sources = [queries, cached.keys, cached.values, mask]
    if traits.hasSinks { sources.append(weight("blk.\(layer).attn_sinks.weight")) }
    let current = graph.result(
      .other, result, sources,
      deviceBytes: 4 * result.count + attentionScratch(memory, 4 * result.count))
    guard memory.isLatent else {
      return graph.view(current, GraphShape(memory.valueSize * memory.heads, tokens))
    }
    return decompressed(layer, memory, graph.view(current, result), joining: true)
  }

  /// CUDA's kernels make 16-bit copies of caches of other types beside the result.
  func halfCopies(_ memory: LayerMemory.Attention, _ bytes: Int) -> Int {
    halfCopies(memory, cells: caches.cells(memory) * options.streams, bytes)
  }

  /// The copies for so many cells in all.
  func halfCopies(_ memory: LayerMemory.Attention, cells: Int, _ bytes: Int) -> Int {
    var end = bytes
    if options.keyType != .F16 {
      end = end.roundedUp(to: BufferAlignment.gpu) + 2 * cells * memory.keyWidth
    }
    if options.valueType != .F16 && !memory.isLatent {
      end = end.roundedUp(to: BufferAlignment.gpu) + 2 * cells * memory.valueWidth
    }
    return end - bytes
  }

  mutating func scoredAttention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ queries: Int, _ cached: CachedRows,
    _ mask: Int
  ) -> Int {
    let cells = caches.cells(memory)
    let perStream = tokens / options.streams
    var scores = graph.result(
      .product, GraphShape(cells, perStream, memory.heads, options.streams), [cached.keys, queries])
    if traits.computation.capsScores { for _ in 0..<3 { scores = elementwise(scores, scores) } }
    scores = elementwise(scores, mask)
    if traits.hasSinks { graph.add(weight("blk.\(layer).attn_sinks.weight"), to: scores) }
    var values = cached.values
    if memory.isLatent {
      // Compressed values are rows of the key cache, and must be turned.
      let shape = GraphShape(cells, memory.valueSize, 1, options.streams)
      let bytes = options.valueType.bytes(ofRow: memory.valueSize) * cells * options.streams
      values = graph.result(.other, shape, [values], bytes: bytes)
    }
    let sum = GraphShape(memory.valueSize, perStream, memory.heads, options.streams)
    let current = graph.result(.product, sum, [values, scores])
    if memory.isLatent { return decompressed(layer, memory, current, joining: false) }
    return joined(graph.view(current, sum), memory.valueSize * memory.heads)
  }

  /// Expands compressed values head by head.
  mutating func decompressed(
    _ layer: Int, _ memory: LayerMemory.Attention, _ tensor: Int, joining: Bool
  ) -> Int {
    let result = GraphShape(
      shape.headValueSize, tokens / options.streams, memory.heads, options.streams)
    let expanded = graph.result(
      .product, result, [weight("blk.\(layer).attn_v_b.weight"), tensor])
    let width = shape.headValueSize * memory.heads
    let rows = graph.view(expanded, result)
    guard joining else { return joined(rows, width) }
    return graph.view(
      graph.result(.other, GraphShape(width, tokens), [rows]), GraphShape(width, tokens))
  }

  /// Puts the heads of a token side by side.
  mutating func joined(_ tensor: Int, _ width: Int) -> Int {
    let rows = graph.result(.other, GraphShape(width, tokens), [tensor])
    if !options.offloadsCache { graph.pin(rows, to: .host) }
    return rows
  }
}
