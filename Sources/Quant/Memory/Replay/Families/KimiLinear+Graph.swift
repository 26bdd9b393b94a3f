// SPDX-License-Identifier: MIT

extension KimiLinear: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
      builder.graph.expand(normed)
      let current =
        if let attention = builder.shape.layers[layer].attention {
          builder.latentAttention(layer, attention, normed)
        } else {
          builder.kimiDelta(layer, normed)
        }
      return builder.completed(layer, current, input)
    }
  }
}

extension GraphBuilder {
  /// The delta rule, with a convolution each for queries, keys and values.
  fileprivate mutating func kimiDelta(_ layer: Int, _ input: Int) -> Int {
    guard let kernel = shape.stateSpace?.kernel,
      let sizes = KimiLinear.sizes(shape, layer: layer)
    else { return input }
    let names = "blk.\(layer)."
    let window = state(layer, 3 * (kernel - 1) * sizes.inner, rows: true)
    let parts = GraphShape(sizes.inner, tokens / options.sequences, options.sequences)
    let joined = ["q", "k", "v"].map { part in
      let plain = product(
        weight("\(names)attn_\(part).weight"), input, rows: tokens, sizes.inner)
      return windowed(window, graph.view(plain, parts), sizes.inner, kernel)
    }
    let states = state(layer, sizes.state, rows: true)
    var reads = zip(["q", "k", "v"], joined).map {
      kimiConvolved(names, $0, $1, kernel, sizes)
    }
    (reads[0], reads[1]) = (ofLengthOne(reads[0]), ofLengthOne(reads[1]))
    reads.append(kimiDecay(names, sizes, input))
    let beta = product(weight(names + "ssm_beta.weight"), input, rows: tokens, sizes.heads)
    reads.append(applied(graph.view(beta, heads(1, sizes.heads))))
    return kimiOutput(layer, sizes, deltaRule(states, sizes, reads), input)
  }

  private mutating func kimiConvolved(
    _ names: String, _ part: String, _ joined: Int, _ kernel: Int, _ sizes: DeltaNetSizes
  ) -> Int {
    let flat = graph.view(
      weight("\(names)ssm_conv1d_\(part).weight"), GraphShape(kernel, sizes.inner))
    let rows = graph.view(
      convolved(joined, flat, sizes.inner), GraphShape(sizes.inner, tokens))
    return graph.view(applied(rows), heads(sizes.size, sizes.heads))
  }

  /// How fast every number of the states decays.
  private mutating func kimiDecay(
    _ names: String, _ sizes: DeltaNetSizes, _ input: Int
  ) -> Int {
    var decay = product(weight(names + "ssm_f_a.weight"), input, rows: tokens, sizes.size)
    decay = product(weight(names + "ssm_f_b.weight"), decay, rows: tokens, sizes.inner)
    decay = applied(elementwise(decay, weight(names + "ssm_dt.bias")))
    let rows = graph.view(decay, GraphShape(sizes.size, sizes.heads, tokens))
    let factors = graph.view(weight(names + "ssm_a"), GraphShape(1, sizes.heads))
    return graph.view(elementwise(rows, factors), heads(sizes.size, sizes.heads))
  }

  /// What the heads say, normed, and as much of it as a gate lets through.
  private mutating func kimiOutput(
    _ layer: Int, _ sizes: DeltaNetSizes, _ said: Int, _ input: Int
  ) -> Int {
    let names = "blk.\(layer)."
    let copied = graph.result(.other, graph.shape(said), [said])
    let flat = GraphShape(sizes.size, sizes.heads, tokens)
    let normed = norm(graph.view(copied, flat), names + "ssm_norm", layer: layer)
    let rows = graph.view(input, GraphShape(shape.width, tokens))
    var gate = product(weight(names + "ssm_g_a.weight"), rows, rows: tokens, sizes.size)
    gate = product(weight(names + "ssm_g_b.weight"), gate, rows: tokens, sizes.inner)
    let passed = elementwise(normed, applied(graph.view(gate, flat)))
    let whole = graph.result(.other, GraphShape(sizes.inner, tokens), [passed])
    return product(weight(names + "attn_output.weight"), whole, rows: tokens, shape.width)
  }
}
