// SPDX-License-Identifier: MIT
internal import GGUF

extension GraphBuilder {
  /// Compresses the batch's rows with those that earlier batches left over, stores the result and keeps
  /// what is left over; returns the cache of compressed rows.
  mutating func compress(_ layer: Int, _ compressor: Compressor, _ input: Int) -> Int {
    let names = "blk.\(layer).\(compressor.prefix)_"
    let wide = compressor.factor * compressor.width
    let values = product(weight(names + "kv.weight"), input, rows: tokens, wide)
    let positions = numbers(compressor, "positions", tokens)
    let scores = elementwise(
      product(weight(names + "gate.weight"), input, rows: tokens, wide),
      graph.result(.rows, GraphShape(wide, tokens), [weight(names + "ape.weight"), positions]))
    let states = [state(layer, compressor), state(layer, compressor)]
    let rows = mixed(
      compressor, gathered(compressor, states[0], values),
      gathered(compressor, states[1], scores))
    let cache = store(layer, compressor, norm(rows, names + "norm", layer: layer))
    for (state, rows) in zip(states, [values, scores]) { keep(compressor, rows, in: state) }
    return cache
  }

  /// Turns compressed rows by where they begin and writes them into their cache.
  private mutating func store(_ layer: Int, _ compressor: Compressor, _ rows: Int) -> Int {
    let (width, blocks) = (compressor.width, self.blocks(compressor))
    var rows = graph.result(
      .rotation, graph.shape(rows), [rows, numbers(compressor, "starts", blocks)])
    if let rotation = self.rotation(compressor) { rows = turned(rows, rotation) }
    let cache = graph.leaf(.cache(layer), GraphShape(width), bytes: 0)
    let places = input("\(compressor.kind) places", GraphShape(blocks), bytes: 8 * blocks)
    graph.expand(
      graph.write([graph.view(rows, GraphShape(width, blocks)), places], into: cache))
    return cache
  }

  /// Rows that a batch can complete at most.
  private func blocks(_ compressor: Compressor) -> Int {
    tokens / compressor.ratio + options.sequences
  }

  private func stateRows(_ compressor: Compressor) -> Int {
    compressor.factor * compressor.ratio * options.sequences
  }

  private mutating func state(_ layer: Int, _ compressor: Compressor) -> Int {
    let shape = GraphShape(compressor.factor * compressor.width, stateRows(compressor))
    return graph.view(graph.leaf(.cache(layer), shape, bytes: 0), shape)
  }

  private mutating func numbers(_ compressor: Compressor, _ name: String, _ count: Int) -> Int {
    input("\(compressor.kind) \(name)", GraphShape(count), bytes: 4 * count)
  }

  /// The matrix that stored rows are turned by: the indexer's always are.
  private mutating func rotation(_ compressor: Compressor) -> Int? {
    guard compressor.prefix == "attn_compressor" else {
      return indexerRotation(compressor.width)
    }
    guard options.keyType.isQuantized, compressor.width % RotationOrder.least == 0 else {
      return nil
    }
    let order = RotationOrder.largest(dividing: compressor.width)
    return input(
      "rotation of \(compressor.kind)", GraphShape(order, order), bytes: 4 * order * order)
  }

  /// What is left over of earlier batches and the batch's own, in the order of the rows they go into,
  /// tokens innermost.
  private mutating func gathered(_ compressor: Compressor, _ state: Int, _ own: Int) -> Int {
    let wide = compressor.factor * compressor.width
    let rows = stateRows(compressor) + tokens
    var all = graph.result(.other, GraphShape(wide, rows), [state, own])
    if compressor.overlaps { all = withZeros(all) }
    let count = compressor.factor * compressor.ratio * blocks(compressor)
    var read = graph.result(
      .rows, GraphShape(wide, count), [all, numbers(compressor, "sources", count)])
    if compressor.overlaps { read = halves(compressor, read) }
    let turned = GraphShape(
      compressor.factor * compressor.ratio, compressor.width, blocks(compressor))
    return graph.result(.other, turned, [graph.view(read, turned)])
  }

  /// Rows with one of zeros, which stands before the first of all.
  private mutating func withZeros(_ rows: Int) -> Int {
    let shape = graph.shape(rows)
    let row = GraphShape(shape.a)
    let zeros = graph.result(.elementwise, row, [graph.view(rows, row)])
    return graph.result(
      .other, GraphShape(shape.a, shape.b + 1), [rows, graph.view(zeros, row)])
  }

  /// One half of the numbers of each token before, and the other half of each token within a row.
  private mutating func halves(_ compressor: Compressor, _ rows: Int) -> Int {
    let (width, ratio) = (compressor.width, compressor.ratio)
    let halves = (0..<2).map { _ in
      let half = graph.view(rows, GraphShape(width, ratio * blocks(compressor)))
      let copy = graph.result(.other, graph.shape(half), [half])
      return graph.view(copy, GraphShape(width, ratio, blocks(compressor)))
    }
    return graph.result(.other, GraphShape(width, 2 * ratio, blocks(compressor)), halves)
  }

  /// The sums of values, weighted by the softmax of their scores.
  private mutating func mixed(_ compressor: Compressor, _ values: Int, _ scores: Int) -> Int {
    let weighted = elementwise(values, elementwise(scores, scores))
    let (width, blocks) = (compressor.width, self.blocks(compressor))
    let sums = graph.result(.other, GraphShape(1, width, blocks), [weighted])
    let rows = GraphShape(width, 1, blocks)
    return graph.result(.other, rows, [graph.view(sums, rows)])
  }

  /// Keeps the rows that no compressed row has yet.
  private mutating func keep(_ compressor: Compressor, _ rows: Int, in state: Int) {
    let count = min(tokens, stateRows(compressor))
    let kept = graph.result(
      .rows, GraphShape(graph.shape(rows).a, count),
      [rows, numbers(compressor, "kept", count)])
    graph.expand(
      graph.write([kept, numbers(compressor, "kept places", count)], into: state))
  }
}
