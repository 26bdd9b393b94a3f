// SPDX-License-Identifier: MIT

extension GraphBuilder {
  /// Mamba 2 on normed input: a short convolution, then a state space with heads.
  ///
  /// One product holds the gate, what is convolved and the time steps, and lives until the gate is
  /// copied from it.
  mutating func mamba2(_ layer: Int, _ input: Int) -> Int {
    guard let space = shape.stateSpace, let heads = Mamba2Heads(space, tokens, options) else {
      return input
    }
    let names = "blk.\(layer).ssm_"
    let window = state(layer, (space.kernel - 1) * heads.channels, rows: true)
    let all = product(weight(names + "in.weight"), input, rows: tokens, heads.all)
    let parts = graph.view(all, heads.split(heads.all))
    let channels = part(parts, heads.split(heads.channels), of: heads.all)
    let x = convolved(names, window, channels, space.kernel)
    let y = scan2(layer, space, heads, x, parts)
    let copied = graph.result(.other, heads.wide, [part(parts, heads.wide, of: heads.all)])
    let gated = graph.result(.other, heads.wide, [copied, y])
    let groups = graph.view(gated, heads.grouped)
    let normed = norm(groups, names + "norm", layer: layer)
    return product(
      weight(names + "out.weight"), graph.view(normed, GraphShape(space.inner, tokens)),
      rows: tokens, shape.width)
  }

  private mutating func convolved(
    _ names: String, _ window: States, _ input: Int, _ kernel: Int
  ) -> Int {
    let size = graph.shape(input)
    let joined = windowed(window, input, size.a, kernel)
    var x = graph.result(.other, size, [joined, weight(names + "conv1d.weight")])
    if model.contains(names + "conv1d.bias") { x = elementwise(x, weight(names + "conv1d.bias")) }
    return elementwise(x, x)
  }

  /// The recurrence, and what goes past it.
  private mutating func scan2(
    _ layer: Int, _ space: ModelShape.StateSpace, _ heads: Mamba2Heads, _ convolved: Int,
    _ parts: Int
  ) -> Int {
    let names = "blk.\(layer).ssm_"
    let x = part(convolved, heads.wide, of: heads.channels)
    let low = part(parts, heads.split(heads.count), of: heads.all)
    let step = elementwise(
      graph.result(.other, graph.shape(low), [low]), weight(names + "dt.bias"))
    let b = part(convolved, heads.states, of: heads.channels)
    let c = part(convolved, heads.states, of: heads.channels)
    let kept = GraphShape(space.state, heads.size, heads.count, options.sequences)
    let scanned = scanned(layer, space, kept, [x, step, weight(names + "a"), b, c])
    let direct = elementwise(x, weight(names + "d"))
    return elementwise(graph.view(scanned, heads.wide), direct)
  }
}

/// How a state space's numbers are shared among heads and groups.
private struct Mamba2Heads {
  let count: Int
  let size: Int
  /// What is convolved: the width, and for each group what goes into the state and out of it.
  let channels: Int
  /// What the first product makes: that, the gate and the time steps.
  let all: Int
  /// Heads of every token.
  let wide: GraphShape
  /// Groups of every token, as the last norm sees them.
  let grouped: GraphShape
  /// What goes into the states of every token's groups.
  let states: GraphShape
  private let perSequence: Int
  private let sequences: Int

  init?(_ space: ModelShape.StateSpace, _ tokens: Int, _ options: ContextOptions) {
    guard space.hasHeads else { return nil }
    count = space.timeStepRank
    size = space.inner / count
    channels = space.inner + 2 * space.groups * space.state
    all = space.inner + channels + count
    sequences = options.sequences
    perSequence = tokens / sequences
    wide = GraphShape(size, count, perSequence, sequences)
    grouped = GraphShape(space.inner / space.groups, space.groups, perSequence, sequences)
    states = GraphShape(space.state, space.groups, perSequence, sequences)
  }

  /// So many numbers of every token.
  func split(_ width: Int) -> GraphShape { GraphShape(width, perSequence, sequences) }
}
