// SPDX-License-Identifier: MIT

extension GraphBuilder {
  /// A layer of Mamba: a short convolution, then a state space.
  mutating func mambaLayer(_ layer: Int, _ input: Int) -> Int {
    guard let space = shape.stateSpace else { return input }
    let normed = norm(input, "blk.\(layer).attn_norm", layer: layer)
    var current = mamba(layer, space, normed)
    var residual = input
    if layer == shape.trunkCount - 1 {
      current = outputRows(current)
      residual = outputRows(residual)
    }
    return elementwise(current, residual)
  }

  mutating func mamba(_ layer: Int, _ space: ModelShape.StateSpace, _ input: Int) -> Int {
    let names = "blk.\(layer).ssm_"
    let (sequences, inner) = (options.sequences, space.inner)
    let perSequence = tokens / sequences
    let wide = GraphShape(inner, perSequence, sequences)
    let window = state(layer, (space.kernel - 1) * inner, rows: true)
    let split = graph.view(input, GraphShape(shape.width, perSequence, sequences))
    let both = graph.result(
      .product, GraphShape(2 * inner, perSequence, sequences), [weight(names + "in.weight"), split])
    let gate = part(both, wide, of: 2 * inner)
    let joined = windowed(window, part(both, wide, of: 2 * inner), inner, space.kernel)
    var x = graph.result(.other, wide, [joined, weight(names + "conv1d.weight")])
    x = elementwise(x, weight(names + "conv1d.bias"))
    x = elementwise(x, x)
    let scanned = scan(layer, space, x, names)
    let y = graph.view(scanned, wide)
    let direct = elementwise(x, weight(names + "d"))
    let sum = elementwise(y, direct)
    let copied = graph.result(.other, wide, [gate])
    let gated = graph.result(.other, wide, [copied, sum])
    let result = graph.result(
      .product, GraphShape(shape.width, perSequence, sequences),
      [weight(names + "out.weight"), gated])
    return graph.view(result, GraphShape(shape.width, tokens))
  }

  /// The batch's numbers behind those of the latest tokens before it, whose window moves on.
  mutating func windowed(
    _ window: States, _ input: Int, _ width: Int, _ kernel: Int
  ) -> Int {
    let (sequences, kept) = (options.sequences, kernel - 1)
    let perSequence = tokens / sequences
    let turned = graph.view(
      input, GraphShape(perSequence, width, sequences), bytes: graph.tensors[input].hostBytes)
    let before = graph.view(window.rows, GraphShape(kept, width, sequences))
    let joined = graph.result(
      .other, GraphShape(kept + perSequence, width, sequences), [before, turned])
    // The latest tokens lie as far apart as all of them, in a copy, too.
    graph.expand(
      graph.write(
        [
          part(
            joined, GraphShape(kept, width, sequences), of: kept + perSequence,
            rows: width * sequences)
        ],
        into: graph.view(window.cache, GraphShape(kept * width * sequences))))
    return joined
  }

  /// What the recurrence of Mamba reads of the batch, and the recurrence.
  mutating func scan(
    _ layer: Int, _ space: ModelShape.StateSpace, _ x: Int, _ names: String
  ) -> Int {
    let (sequences, inner) = (options.sequences, space.inner)
    let perSequence = tokens / sequences
    let width = space.timeStepRank + 2 * space.state
    let projected = graph.result(
      .product, GraphShape(width, perSequence, sequences), [weight(names + "x.weight"), x])
    let low = norm(
      part(projected, GraphShape(space.timeStepRank, perSequence, sequences), of: width),
      names + "dt_norm", layer: layer)
    let group = GraphShape(space.state, 1, perSequence, sequences)
    let b = norm(part(projected, group, of: width), names + "b_norm", layer: layer)
    let c = norm(part(projected, group, of: width), names + "c_norm", layer: layer)
    let step = elementwise(
      graph.result(
        .product, GraphShape(inner, perSequence, sequences), [weight(names + "dt.weight"), low]),
      weight(names + "dt.bias"))
    let rows = graph.view(x, GraphShape(1, inner, perSequence, sequences))
    let states = GraphShape(space.state, 1, inner, sequences)
    return scanned(layer, space, states, [rows, step, weight(names + "a"), b, c])
  }

  /// The recurrence over the tokens, which sees the states in this shape and reads these parts of the
  /// batch, and the states it leaves behind.
  mutating func scanned(
    _ layer: Int, _ space: ModelShape.StateSpace, _ shape: GraphShape, _ reads: [Int]
  ) -> Int {
    let size = space.state * space.inner
    let states = state(layer, size, rows: false)
    let scanned = graph.result(
      .other, GraphShape(space.inner * tokens + size * options.sequences),
      [graph.view(states.cache, shape)] + reads + [states.places])
    graph.expand(scanned)
    moveOthers(states.cache)
    let left = GraphShape(size * options.sequences)
    graph.expand(graph.write([graph.view(scanned, left)], into: graph.view(states.cache, left)))
    return scanned
  }

  /// The states of a layer's sequences, cleared where they are new.
  mutating func state(_ layer: Int, _ width: Int, rows: Bool) -> States {
    let sequences = options.sequences
    let cache = graph.leaf(.cache(layer), GraphShape(width, sequences), bytes: 0)
    let states = graph.view(cache, GraphShape(width, sequences))
    graph.expand(graph.write([graph.view(states, GraphShape(0))], into: states))
    let places = statePlaces()
    guard rows else { return States(cache: states, rows: states, places: places) }
    let taken = graph.result(.rows, GraphShape(width, sequences), [states, places])
    graph.expand(taken)
    moveOthers(states)
    return States(cache: states, rows: taken, places: places)
  }

  /// Moves the states of sequences that are not in the batch: none here, but operations all the same.
  private mutating func moveOthers(_ states: Int) {
    let none = GraphShape(graph.shape(states).a, 0)
    let places = otherPlacesView ?? graph.view(input("states", none, bytes: 0), GraphShape(0))
    otherPlacesView = places
    let others = graph.result(.rows, none, [states, places])
    graph.expand(graph.write([others], into: graph.view(states, none)))
  }

  /// Which cells hold the states of the batch's sequences: one view for all layers.
  mutating func statePlaces() -> Int {
    let count = options.sequences
    if let known = statePlacesView { return known }
    let made = graph.view(
      input("states", GraphShape(count), bytes: 4 * count), GraphShape(count))
    statePlacesView = made
    return made
  }
}

/// States of a layer: the cache, the rows of the batch's sequences, and where these are.
struct States {
  let cache: Int
  let rows: Int
  let places: Int
}
