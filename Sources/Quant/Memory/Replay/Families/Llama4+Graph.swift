// SPDX-License-Identifier: MIT

extension Llama4: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in builder.chunkedLayer(layer, input) }
  }
}

extension GraphBuilder {
  fileprivate mutating func chunkedLayer(_ layer: Int, _ input: Int) -> Int {
    guard let memory = shape.layers[layer].attention else { return input }
    let normed = norm(input, "blk.\(layer).attn_norm", layer: layer)
    var (queries, keys, values) = projections("blk.\(layer).attn_", memory, normed)
    if isTurned(layer) {
      queries = turnedAndNormed(queries, layer)
      keys = turnedAndNormed(keys, layer)
    } else if shape.slidingWindow > 0 {
      queries = elementwise(
        queries, self.input("temperatures", GraphShape(1, 1, tokens), bytes: 4 * tokens))
    }
    var current = attention(layer, memory, queries, keys, values)
    var residual = input
    if layer == shape.trunkCount - 1 {
      current = outputRows(current)
      residual = outputRows(residual)
    }
    let sum = elementwise(current, residual)
    current = norm(sum, "blk.\(layer).ffn_norm", layer: layer)
    return elementwise(
      model.hasExperts(layer) ? weighedMixture(layer, current) : feedForward(layer, current), sum)
  }

  /// Whether a layer turns by positions; without windows all do but the last.
  private func isTurned(_ layer: Int) -> Bool {
    (layer + 1) % (shape.slidingWindow > 0 ? 4 : shape.trunkCount) != 0
  }

  /// Rotation, then a norm without weights; Maverick, with 128 experts, has no norm.
  private mutating func turnedAndNormed(_ tensor: Int, _ layer: Int) -> Int {
    let turned = rotated(tensor, layer)
    return shape.expertCount == 128 ? turned : elementwise(turned)
  }

  /// Experts that get their input times their weight, and one that all tokens go to.
  private mutating func weighedMixture(_ layer: Int, _ input: Int) -> Int {
    let rows = graph.shape(input).b
    let names = "blk.\(layer).ffn_"
    let scores = linear(names + "gate_inp", input, rows: rows, shape.expertCount)
    let column = graph.view(elementwise(scores), GraphShape(1, shape.expertCount, rows))
    let chosen = self.chosen(layer, scores, rows)
    let weights = graph.result(.rows, GraphShape(1, shape.usedExperts, rows), [column, chosen])
    graph.expand(weights)
    let rowsOfOne = graph.view(input, GraphShape(shape.width, 1, rows))
    let repeated = graph.result(
      .other, GraphShape(shape.width, shape.usedExperts, rows), [rowsOfOne])
    let outputs = expertOutputs(layer, elementwise(repeated, weights), chosen, rows)
    graph.expand(outputs)
    let shared = gated(names, "_shexp", input, rows, width(names + "up_shexp.weight"))
    return elementwise(sum(outputs, GraphShape(shape.width, rows)), shared)
  }
}
