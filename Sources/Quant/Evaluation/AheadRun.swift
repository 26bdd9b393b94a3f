// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// The layers that predict further tokens, over windows whose other layers are done: for those who observe
/// what goes into their products.
///
/// What follows a window's last token is not known: each of these layers has a row less of every window
/// than what comes before it.
struct AheadRun {
  private let evaluator: Evaluator
  private let tokens: [Int32]
  private let length: Int
  private let chunk: Int
  private let observer: (any ForwardObserver)?

  init(
    _ evaluator: Evaluator, _ tokens: [Int32], length: Int, chunk: Int,
    _ observer: (any ForwardObserver)?
  ) {
    self.evaluator = evaluator
    self.tokens = tokens
    self.length = length
    self.chunk = chunk
    self.observer = observer
  }

  private var graphs: [AheadGraph] { evaluator.graph.ahead }

  /// Runs layers that take states as they are, before these are normed in place.
  func begin(_ states: Matrix, _ progress: (Int, Bool) -> Void) throws(QuantError) {
    guard let first = graphs.first, first.source != .normed else { return }
    try run(after: states, progress)
  }

  /// Runs layers that take them normed.
  func finish(
    _ states: Matrix, normed: Matrix, _ progress: (Int, Bool) -> Void
  ) throws(QuantError) {
    guard let first = graphs.first, first.source == .normed else { return }
    evaluator.context(windowLength: length).layout.stream(of: states).copy(from: normed)
    try run(after: states, progress)
  }

  private func run(
    after states: Matrix, _ progress: (Int, Bool) -> Void
  ) throws(QuantError) {
    guard length > graphs.count else {
      throw .setting(
        .windowLength,
        what: "windows of \(length) tokens: expected more than there are MTP layers,"
          + " \(graphs.count)")
    }
    var states = states
    for index in graphs.indices {
      try QuantError.checkCancellation()
      states = try run(index, after: states)
      progress(evaluator.graph.layers.count + index, false)
    }
  }

  /// Runs one of them, and returns its states, in which the next finds what it takes.
  private func run(_ index: Int, after earlier: Matrix) throws(QuantError) -> Matrix {
    let (graph, layer) = (graphs[index], evaluator.graph.layers.count + index)
    let rows = length - index - 1
    let context = evaluator.context(windowLength: rows, observer: observer)
    let states = shortened(earlier, to: rows)
    let next = following(by: index + 1)
    for start in stride(from: 0, to: states.rows, by: chunk * rows) {
      let range = start..<min(start + chunk * rows, states.rows)
      try join(states.rows(range), Array(next[range]), graph, context)
    }
    let first = evaluator.options.firstPosition
    try LayerPass(
      context: context, graph: graph.layer, layer: layer, positions: first..<first + rows,
      chunk: chunk * rows
    ).run(states)
    try FiniteCheck(evaluator, next, length: rows).check(states, from: .ahead(layer))
    for start in stride(from: 0, to: states.rows, by: chunk * rows) {
      try finish(states.rows(start..<min(start + chunk * rows, states.rows)), graph, context)
    }
    return states
  }

  /// The first rows of each window.
  private func shortened(_ earlier: Matrix, to rows: Int) -> Matrix {
    let windows = earlier.rows / (rows + 1)
    let states = Matrix(rows: windows * rows, columns: earlier.columns)
    for window in 0..<windows {
      let start = window * (rows + 1)
      states.rows(window * rows..<(window + 1) * rows)
        .copy(from: earlier.rows(start..<start + rows))
    }
    return states
  }

  /// The token so many places behind that of each row.
  private func following(by distance: Int) -> [Int32] {
    stride(from: 0, to: tokens.count, by: length).flatMap { start in
      tokens[start + distance..<start + length]
    }
  }

  /// Puts what the layer takes in the place of what came before it.
  private func join(
    _ states: Matrix, _ tokens: [Int32], _ graph: AheadGraph, _ context: ForwardContext
  ) throws(QuantError) {
    let width = evaluator.graph.width
    let both = Matrix(rows: states.rows, columns: 2 * width)
    let (token, source) = (both.columns(0..<width), both.columns(width..<2 * width))
    try evaluator.readEmbeddings(tokens, of: graph.embedding, into: token)
    try context.normalize(token, by: graph.embeddingNorm, into: token)
    let isJoined = graph.source == .joined
    let count = isJoined || graph.source == .streams ? evaluator.graph.streams : 1
    if isJoined {
      let all = states.columns(0..<count * width)
      try context.normalize(all, by: graph.sourceNorm, into: all)
    }
    let product = LinearProduct(graph.projection, in: context)
    for index in 0..<count {
      let stream = context.layout.stream(index, of: states)
      if isJoined {
        source.copy(from: stream)
      } else {
        try context.normalize(stream, by: graph.sourceNorm, into: source)
      }
      try product.run(both, into: stream)
    }
  }

  /// Norms states of some windows for the layer's output matrix, and for the next layer if that takes them
  /// so.
  private func finish(
    _ states: Matrix, _ graph: AheadGraph, _ context: ForwardContext
  ) throws(QuantError) {
    let isNormed = graph.source == .normed
    guard isNormed || graph.output != nil || graph.merge != nil else { return }
    let head =
      isNormed
      ? context.layout.stream(of: states)
      : try evaluator.merge(states.copied(), context, by: graph.merge)
    if let norm = graph.headNorm { try context.normalize(head, by: norm, into: head) }
    guard let output = graph.output else { return }
    try observer?.observe(
      output.tensor, matrix: 0, input: head, windows: context.windows(of: head.rows),
      workers: context.workers)
  }
}
