// SPDX-License-Identifier: MIT

/// Embeddings that every layer has of its own (Gemma 3n and 4).
extension GraphBuilder {
  /// The embeddings of the tokens for all layers: `[width of one, tokens, layers]`; `nil` without any.
  ///
  /// `embedded` is the tokens' common embedding, which adds to them.
  mutating func layerEmbeddings(_ embedded: Int) -> Int? {
    guard model.contains("per_layer_token_embd.weight") else { return nil }
    let all = width("per_layer_model_proj.weight")
    let whole = GraphShape(all / shape.trunkCount, shape.trunkCount, tokens)
    let ids = input("tokens of layers", GraphShape(tokens), bytes: 4 * tokens)
    let rows = graph.result(
      .rows, GraphShape(all, tokens), [weight("per_layer_token_embd.weight"), ids])
    let own = elementwise(graph.view(rows, whole))
    graph.expand(own)
    let common = elementwise(
      product(weight("per_layer_model_proj.weight"), embedded, rows: tokens, all))
    let normed = norm(graph.view(common, whole), "per_layer_proj_norm", layer: nil)
    let sum = elementwise(elementwise(normed, own))
    let byLayer = GraphShape(whole.a, tokens, whole.b)
    return graph.result(.other, byLayer, [graph.view(sum, byLayer)])
  }

  /// What a layer adds because of its own embeddings.
  mutating func ownEmbedding(_ layer: Int, _ embeddings: Int, _ input: Int) -> Int {
    let names = "blk.\(layer)."
    let width = graph.shape(embeddings).a
    let gate = elementwise(product(weight(names + "inp_gate.weight"), input, rows: tokens, width))
    let own = elementwise(gate, graph.view(embeddings, GraphShape(width, tokens)))
    return norm(
      product(weight(names + "proj.weight"), own, rows: tokens, shape.width), names + "post_norm",
      layer: layer)
  }

  /// Attention whose values are normed, over a layer's own cache or that of an earlier one.
  mutating func valueNormedAttention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ input: Int, byFactors: Bool
  ) -> Int {
    let names = "blk.\(layer).attn_"
    let all = product(
      weight(names + "q.weight"), input, rows: tokens, memory.heads * memory.keySize)
    var queries = graph.view(all, GraphShape(memory.keySize, memory.heads, tokens))
    queries = norm(queries, names + "q_norm", layer: layer)
    queries = rotated(queries, layer, byFactors: byFactors)
    var own: (keys: Int, values: Int)?
    if memory.sharedLayer == nil {
      own = normedKeysAndValues(layer, memory, input, byFactors: byFactors)
    }
    let current = attended(layer, memory, queries, own)
    return linear(names + "output", current, rows: tokens, shape.width)
  }

  /// Keys and values; where there is no product for values, they are those of the keys.
  private mutating func normedKeysAndValues(
    _ layer: Int, _ memory: LayerMemory.Attention, _ input: Int, byFactors: Bool
  ) -> (keys: Int, values: Int) {
    let names = "blk.\(layer).attn_"
    let keyRows = product(weight(names + "k.weight"), input, rows: tokens, memory.keyWidth)
    var valueRows = keyRows
    if model.contains(names + "v.weight") {
      valueRows = product(weight(names + "v.weight"), input, rows: tokens, memory.valueWidth)
    }
    var keys = graph.view(keyRows, GraphShape(memory.keySize, memory.keyValueHeads, tokens))
    keys = norm(keys, names + "k_norm", layer: layer)
    keys = rotated(keys, layer, byFactors: byFactors)
    let values = graph.view(
      valueRows, GraphShape(memory.valueSize, memory.keyValueHeads, tokens))
    return (keys, elementwise(values))
  }
}
