// SPDX-License-Identifier: MIT

extension Qwen3VL: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    let shape = builder.shape
    let whole = builder.embedding(parts: 1 + shape.deepstackLayers)
    let slice = GraphShape(shape.width, builder.tokens)
    // A copy of a part of every row has the gaps between the parts, too.
    let bytes = 4 * (builder.graph.shape(whole).a * (slice.b - 1) + slice.a)
    let tokens =
      shape.deepstackLayers > 0 ? builder.graph.view(whole, slice, bytes: bytes) : whole
    var current = tokens
    for layer in 0..<shape.trunkCount {
      current = builder.layer(layer, current)
      guard layer < shape.deepstackLayers else { continue }
      current = builder.elementwise(current, builder.graph.view(tokens, slice, bytes: bytes))
    }
    builder.addOutput(current)
  }
}
