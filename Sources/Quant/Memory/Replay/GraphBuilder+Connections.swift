// SPDX-License-Identifier: MIT

/// What a block of a layer takes from several streams, and how its result goes back into them.
struct Connections {
  /// The block's input.
  let input: Int
  /// How much of its result each stream gets.
  let after: Int
  /// How the streams are mixed.
  let mixing: Int
}

// MARK: Layers that pass on several streams (hyper-connections)

extension GraphBuilder {
  /// Streams between layers.
  private var streamCount: Int { width("output_hc_fn.weight") }

  /// Gives every stream the embedding.
  mutating func spread(_ embedding: Int) -> Int {
    let one = graph.view(embedding, GraphShape(shape.width, 1, tokens))
    return graph.result(.other, GraphShape(shape.width, streamCount, tokens), [one])
  }

  /// Attention over compressed rows, then experts.
  mutating func connectedLayer(_ layer: Int, _ streams: Int) -> Int {
    let first = connections("blk.\(layer).hc_attn", streams)
    let normed = norm(first.input, "blk.\(layer).attn_norm", layer: layer)
    let middle = merged(compressedAttention(layer, normed), streams, first)
    let second = connections("blk.\(layer).hc_ffn", middle)
    for tensor in [second.after, second.mixing] { graph.expand(tensor) }
    let input = norm(second.input, "blk.\(layer).ffn_norm", layer: layer)
    return merged(feedForward(layer, input), middle, second)
  }

  private mutating func connections(_ name: String, _ streams: Int) -> Connections {
    let (fn, scale) = (weight(name + "_fn.weight"), weight(name + "_scale.weight"))
    let base = weight(name + "_base.weight")
    let flat = graph.view(streams, GraphShape(streamCount * shape.width, tokens))
    let normed = graph.result(.elementwise, graph.shape(flat), [flat])
    let mixes = product(fn, normed, rows: tokens, graph.shape(fn).b)
    let before = share(mixes, scale, base)
    return Connections(
      input: graph.result(.other, GraphShape(shape.width, tokens), [streams, before]),
      after: share(mixes, scale, base),
      mixing: graph.result(
        .other, GraphShape(streamCount, streamCount, tokens), [mixes, scale, base]))
  }

  /// A weight for each stream.
  private mutating func share(_ mixes: Int, _ scale: Int, _ base: Int) -> Int {
    let part = graph.view(mixes, GraphShape(streamCount, tokens))
    let scaled = elementwise(part, graph.view(scale, GraphShape(1)))
    return squashed(elementwise(scaled, graph.view(base, GraphShape(streamCount))))
  }

  private mutating func squashed(_ tensor: Int) -> Int {
    let sigmoid = elementwise(tensor, tensor)
    return elementwise(sigmoid, sigmoid)
  }

  private mutating func merged(_ result: Int, _ streams: Int, _ connections: Connections) -> Int {
    graph.result(
      .other, graph.shape(streams), [result, streams, connections.after, connections.mixing])
  }

  /// The sum of the streams of those rows that logits are wanted of.
  mutating func collected(_ streams: Int) -> Int {
    let whole = GraphShape(streamCount * shape.width, tokens)
    let chosen = outputRows(graph.view(streams, whole))
    let rows = graph.view(chosen, GraphShape(shape.width, streamCount, outputs))
    let flat = graph.view(rows, GraphShape(whole.a, outputs))
    let normed = graph.result(.elementwise, graph.shape(flat), [flat])
    let mixes = product(weight("output_hc_fn.weight"), normed, rows: outputs, streamCount)
    let scaled = elementwise(mixes, weight("output_hc_scale.weight"))
    let shares = squashed(elementwise(scaled, weight("output_hc_base.weight")))
    let parts = (0..<streamCount).map { _ in
      elementwise(
        graph.view(rows, GraphShape(shape.width, outputs)),
        graph.view(shares, GraphShape(1, outputs)))
    }
    return parts.dropFirst().reduce(parts[0]) { elementwise($0, $1) }
  }
}
