// SPDX-License-Identifier: MIT

extension GraphBuilder {
  /// A convolution over a few tokens with a gate before and after it, on normed input.
  ///
  /// One product holds the gates and what is convolved.
  mutating func shortConvolution(_ layer: Int, _ input: Int) -> Int {
    let (names, width) = ("blk.\(layer).shortconv.", shape.width)
    let split = GraphShape(width, tokens / options.sequences, options.sequences)
    let kept = shape.layers[layer].recurrence?.windowWidth ?? 0
    let all = graph.result(
      .product, GraphShape(3 * width, split.b, split.c),
      [weight(names + "in_proj.weight"), graph.view(input, split)])
    let before = part(all, split, of: 3 * width)
    let gated = elementwise(before, part(all, split, of: 3 * width))
    let window = state(layer, kept, rows: true)
    let joined = windowed(window, gated, width, kept / width + 1)
    let after = part(all, split, of: 3 * width)
    let convolved = graph.result(.other, split, [joined, weight(names + "conv.weight")])
    let result = graph.result(
      .product, split, [weight(names + "out_proj.weight"), elementwise(after, convolved)])
    return graph.view(result, GraphShape(width, tokens))
  }
}
