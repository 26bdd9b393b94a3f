// SPDX-License-Identifier: MIT

extension Step35: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in builder.gatedLayer(layer, input) }
  }
}

extension GraphBuilder {
  fileprivate mutating func gatedLayer(_ layer: Int, _ input: Int) -> Int {
    guard let memory = shape.layers[layer].attention else { return input }
    let names = "blk.\(layer).attn_"
    let normed = norm(input, names + "norm", layer: layer)
    var (queries, keys, values) = projections(names, memory, normed)
    queries = norm(queries, names + "q_norm", layer: layer)
    queries = rotated(queries, layer, byFactors: !memory.isSliding)
    keys = norm(keys, names + "k_norm", layer: layer)
    keys = rotated(keys, layer, byFactors: !memory.isSliding)
    var current = attended(layer, memory, queries, (keys, values))
    if model.contains(names + "gate.weight") { current = gated(layer, memory, current, normed) }
    current = linear(names + "output", current, rows: tokens, shape.width)
    let sum = elementwise(current, input)
    current = norm(sum, "blk.\(layer).ffn_norm", layer: layer)
    return elementwise(feedForward(layer, current), sum)
  }

  /// What the heads found, each times how much its gate lets through.
  private mutating func gated(
    _ layer: Int, _ memory: LayerMemory.Attention, _ found: Int, _ input: Int
  ) -> Int {
    let heads = graph.view(found, GraphShape(memory.valueSize, memory.heads, tokens))
    let gate = elementwise(
      linear("blk.\(layer).attn_gate", input, rows: tokens, memory.heads))
    let gates = graph.view(gate, GraphShape(1, memory.heads, tokens))
    return graph.view(
      elementwise(heads, gates), GraphShape(memory.valueSize * memory.heads, tokens))
  }
}
