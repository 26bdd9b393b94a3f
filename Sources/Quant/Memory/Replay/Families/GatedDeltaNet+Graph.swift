// SPDX-License-Identifier: MIT

extension GatedDeltaNet: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
      builder.graph.expand(normed)
      let memory = builder.shape.layers[layer]
      let current =
        if let attention = memory.attention {
          builder.gatedAttention(layer, attention, normed)
        } else {
          builder.deltaNet(layer, normed)
        }
      return builder.completed(layer, current, input)
    }
  }
}

extension GraphBuilder {
  /// Attention of which a gate, made together with the queries, lets a part through.
  fileprivate mutating func gatedAttention(
    _ layer: Int, _ memory: LayerMemory.Attention, _ input: Int
  ) -> Int {
    let names = "blk.\(layer).attn_"
    let size = memory.keySize
    let both = product(
      weight(names + "q.weight"), input, rows: tokens, 2 * memory.heads * size)
    let half = GraphShape(size, memory.heads, tokens)
    let queries = rotated(norm(graph.view(both, half), names + "q_norm", layer: layer), layer)
    var keys = product(weight(names + "k.weight"), input, rows: tokens, memory.keyWidth)
    keys = graph.view(keys, GraphShape(size, memory.keyValueHeads, tokens))
    keys = rotated(norm(keys, names + "k_norm", layer: layer), layer)
    let values = product(weight(names + "v.weight"), input, rows: tokens, memory.valueWidth)
    let rows = graph.view(values, GraphShape(memory.valueSize, memory.keyValueHeads, tokens))
    let found = attended(layer, memory, queries, (keys, rows))
    let gate = graph.result(.other, graph.shape(found), [graph.view(both, half)])
    let passed = elementwise(found, applied(gate))
    return product(weight(names + "output.weight"), passed, rows: tokens, shape.width)
  }

  /// The gated delta rule behind a short convolution.
  fileprivate mutating func deltaNet(_ layer: Int, _ input: Int) -> Int {
    guard let space = shape.stateSpace, let sizes = GatedDeltaNet.Sizes(space) else { return input }
    let (names, rule) = ("blk.\(layer).", sizes.rule)
    let perSequence = tokens / options.sequences
    let window = state(layer, (sizes.kernel - 1) * sizes.channels, rows: true)
    let mixed = product(
      weight(names + "attn_qkv.weight"), input, rows: tokens, sizes.channels)
    let parts = graph.view(mixed, GraphShape(sizes.channels, perSequence, options.sequences))
    let joined = windowed(window, parts, sizes.channels, sizes.kernel)
    let states = state(layer, rule.state, rows: true)
    let convolved = applied(
      convolved(joined, weight(names + "ssm_conv1d.weight"), sizes.channels))
    let reads = deltaNetReads(names, sizes, convolved, input)
    let said = norm(
      deltaRule(states, rule, reads), names + "ssm_norm", layer: layer)
    let gate = product(weight(names + "attn_gate.weight"), input, rows: tokens, rule.inner)
    let passed = elementwise(said, applied(graph.view(gate, heads(rule.size, rule.heads))))
    let rows = graph.view(passed, GraphShape(rule.inner, perSequence, options.sequences))
    let result = graph.result(
      .product, GraphShape(shape.width, perSequence, options.sequences),
      [weight(names + "ssm_out.weight"), rows])
    return graph.view(result, GraphShape(shape.width, tokens))
  }

  /// What the delta rule reads of the batch.
  private mutating func deltaNetReads(
    _ names: String, _ sizes: GatedDeltaNet.Sizes, _ convolved: Int, _ input: Int
  ) -> [Int] {
    let (size, few) = (sizes.rule.size, heads(sizes.rule.size, sizes.keyHeads))
    var (queries, keys) = (graph.view(convolved, few), graph.view(convolved, few))
    (queries, keys) = (ofLengthOne(queries), ofLengthOne(keys))
    let values = graph.view(convolved, heads(size, sizes.rule.heads))
    guard model.contains(names + "ssm_ba.weight") else {
      return [queries, keys, values] + gates(names, sizes, input)
    }
    if sizes.keyHeads != sizes.rule.heads {
      (queries, keys) = (repeated(queries, sizes), repeated(keys, sizes))
    }
    return [queries, keys, values] + joinedGates(names, sizes, input)
  }

  /// Queries or keys, repeated for every head of values.
  private mutating func repeated(_ tensor: Int, _ sizes: GatedDeltaNet.Sizes) -> Int {
    let (size, count) = (sizes.rule.size, sizes.keyHeads)
    let apart = graph.view(tensor, GraphShape(size, 1, count, tokens))
    let result = graph.result(
      .other, GraphShape(size, sizes.rule.heads / count, count, tokens), [apart])
    return graph.view(result, heads(size, sizes.rule.heads))
  }

  /// The decay of states, and how much of the batch they take, from a product each.
  private mutating func gates(
    _ names: String, _ sizes: GatedDeltaNet.Sizes, _ input: Int
  ) -> [Int] {
    let count = sizes.rule.heads
    let alpha = product(weight(names + "ssm_alpha.weight"), input, rows: tokens, count)
    let decay = decay(names, graph.view(alpha, ofHeads(count)), count)
    let beta = product(weight(names + "ssm_beta.weight"), input, rows: tokens, count)
    return [decay, applied(graph.view(beta, heads(1, count)))]
  }

  /// The same from one product, in which they lie side by side.
  private mutating func joinedGates(
    _ names: String, _ sizes: GatedDeltaNet.Sizes, _ input: Int
  ) -> [Int] {
    let (count, groups) = (sizes.rule.heads, sizes.keyHeads)
    let both = product(weight(names + "ssm_ba.weight"), input, rows: tokens, 2 * count)
    let half = heads(count / groups, groups)
    let alpha = graph.result(.other, ofHeads(count), [graph.view(both, half)])
    let beta = applied(graph.result(.other, half, [graph.view(both, half)]))
    return [decay(names, alpha, count), graph.view(beta, heads(1, count))]
  }

  private mutating func decay(_ names: String, _ alpha: Int, _ count: Int) -> Int {
    let biased = applied(elementwise(alpha, weight(names + "ssm_dt.bias")))
    return graph.view(elementwise(biased, weight(names + "ssm_a")), heads(1, count))
  }

  private func ofHeads(_ count: Int) -> GraphShape {
    GraphShape(count, tokens / options.sequences, options.sequences)
  }
}
