// SPDX-License-Identifier: MIT

extension GraphBuilder {
  /// The delta rule over the tokens of each sequence; what it leaves behind becomes the new states.
  ///
  /// - Parameters:
  ///   - states: The states before the batch.
  ///   - sizes: The sizes of its heads.
  ///   - reads: Queries, keys, values, their decay, and how much of them is taken.
  /// - Returns: What the heads say.
  mutating func deltaRule(_ states: States, _ sizes: DeltaNetSizes, _ reads: [Int]) -> Int {
    let all = GraphShape(sizes.size, sizes.size, sizes.heads, options.sequences)
    let rows = tokens + sizes.size * options.sequences
    let both = graph.result(
      .other, GraphShape(sizes.inner, rows), reads + [graph.view(states.rows, all)])
    let cache = graph.view(states.cache, GraphShape(all.count))
    graph.expand(graph.write([graph.view(both, all)], into: cache))
    return graph.view(both, heads(sizes.size, sizes.heads))
  }

  /// The short convolution over joined tokens, and its activation.
  mutating func convolved(_ joined: Int, _ kernel: Int, _ width: Int) -> Int {
    graph.result(
      .other, GraphShape(width, tokens / options.sequences, options.sequences), [joined, kernel])
  }

  /// Makes the rows of numbers of a tensor as long as 1.
  mutating func ofLengthOne(_ tensor: Int) -> Int {
    let normed = graph.result(.elementwise, graph.shape(tensor), [tensor])
    return elementwise(normed, normed)
  }

  /// The result of one operation on a tensor's numbers.
  mutating func applied(_ tensor: Int) -> Int { elementwise(tensor, tensor) }

  /// The shape of heads of so many numbers, sequence by sequence.
  func heads(_ size: Int, _ count: Int) -> GraphShape {
    GraphShape(size, count, tokens / options.sequences, options.sequences)
  }
}
