// SPDX-License-Identifier: MIT

extension Cohere2: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    var current = builder.embedding()
    for layer in 0..<builder.shape.trunkCount { current = builder.parallelLayer(layer, current) }
    builder.addLogits(builder.layerNorm(current, "output_norm"))
  }
}

extension GraphBuilder {
  /// Attention beside the feed-forward network.
  fileprivate mutating func parallelLayer(_ layer: Int, _ input: Int) -> Int {
    guard let memory = shape.layers[layer].attention else { return input }
    var normed = layerNorm(input, "blk.\(layer).attn_norm")
    var (queries, keys, values) = projections("blk.\(layer).attn_", memory, normed)
    if memory.isSliding {
      queries = rotated(queries, layer)
      keys = rotated(keys, layer)
    }
    var current = attention(layer, memory, queries, keys, values)
    var residual = input
    if layer == shape.trunkCount - 1 {
      current = outputRows(current)
      residual = outputRows(residual)
      normed = outputRows(normed)
    }
    return elementwise(elementwise(feedForward(layer, normed), residual), current)
  }

  /// A norm about the mean, which never takes the place of what it reads.
  fileprivate mutating func layerNorm(_ input: Int, _ name: String) -> Int {
    elementwise(
      graph.result(.other, graph.shape(input), [input]), weight("\(name).weight"))
  }
}
