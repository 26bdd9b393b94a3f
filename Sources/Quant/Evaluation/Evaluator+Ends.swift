// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
package import QuantModels

// What comes before the first layer, and what comes behind the last.

extension Evaluator {
  /// The states that the first layer takes.
  ///
  /// - Parameters:
  ///   - tokens: Windows of equal length, one after the other.
  ///   - length: Tokens of a window.
  ///   - other: Another type to take the embedding in.
  /// - Returns: A row a token.
  /// - Throws: `QuantError` for tokens that the model does not have, or weights that cannot be read.
  package func embed(
    _ tokens: [Int32], windowLength length: Int, substituting other: WeightSubstitution? = nil
  ) throws(QuantError) -> Matrix {
    if let bad = tokens.first(where: { $0 < 0 || Int($0) >= graph.vocabulary }) {
      throw .content(
        file: model.path, line: 0,
        what: "expected tokens from 0 to \(graph.vocabulary - 1), found \(bad)")
    }
    let context = context(windowLength: length)
    let states = Matrix(rows: tokens.count, columns: graph.stateWidth)
    states.columns(graph.streams * graph.width..<graph.stateWidth).clear()
    let first = context.layout.stream(of: states)
    try readEmbeddings(tokens, into: first, substituting: other)
    try context.scale(first, by: graph.embeddingScale)
    try addPositions(to: first, windowLength: length)
    try addTypes(to: first)
    if let norm = graph.start.norm { try context.normalize(first, by: norm, into: first) }
    try fillStates(states, tokens, context)
    if let answer = graph.start.answer {
      try begin(answer, in: states, windowLength: length, context, substituting: other)
    }
    return states
  }

  /// Reads the rows of tokens from a tensor, or from the model's.
  func readEmbeddings(
    _ tokens: [Int32], of tensor: TensorInfo? = nil, into states: Matrix,
    substituting other: WeightSubstitution? = nil
  ) throws(QuantError) {
    let tensor = tensor ?? graph.embedding
    try workers.forRanges(tokens.count, atLeast: 64) { (rows, _) throws(QuantError) in
      var reader = try TensorReader(model: model, tensor: tensor)
      var blocks: [UInt8] = []
      for row in rows {
        let token = Int(tokens[row])
        try states.withMutableRow(row) { (span) throws(QuantError) in
          try reader.readRows(token..<token + 1, into: &span)
          try FiniteWeights.check(
            span.span, of: tensor, from: token * graph.width, file: model.path)
        }
        other?.apply(to: states.rows(row..<row + 1), matrix: 0, using: &blocks)
      }
    }
  }

  /// Adds learned positions.
  private func addPositions(to states: Matrix, windowLength length: Int) throws(QuantError) {
    guard let tensor = graph.start.positions else { return }
    var reader = try TensorReader(model: model, tensor: tensor)
    let positions = options.firstPosition..<options.firstPosition + length
    guard positions.upperBound <= tensor.rowCount else {
      throw .setting(
        .windowLength,
        what:
          "positions up to \(positions.upperBound): expected at most \(tensor.rowCount), as many as"
          + " the model has learned")
    }
    let rows = try reader.matrix(positions)
    for row in 0..<states.rows {
      unsafe KernelTable.current.layers.addScaledRow(
        rows.base + row % length * rows.stride, states.base + row * states.stride,
        count: states.columns, factor: 1)
    }
  }

  /// Adds the first kind of token.
  private func addTypes(to states: Matrix) throws(QuantError) {
    guard let tensor = graph.start.types else { return }
    var reader = try TensorReader(model: model, tensor: tensor)
    let kind = try reader.matrix(0..<1)
    for row in 0..<states.rows {
      unsafe KernelTable.current.layers.addScaledRow(
        kind.base, states.base + row * states.stride, count: states.columns, factor: 1)
    }
  }

  /// Keeps the embeddings that a decoder begins with.
  private func begin(
    _ answer: AnswerStart, in states: Matrix, windowLength length: Int, _ context: ForwardContext,
    substituting other: WeightSubstitution?
  ) throws(QuantError) {
    let first = Matrix(rows: 1, columns: graph.width)
    try readEmbeddings([Int32(answer.token)], into: first, substituting: other)
    let source = context.layout.stream(of: states)
    let target = context.layout.carried(answer.slot, of: states)
    for row in 0..<states.rows {
      target.rows(row..<row + 1).copy(
        from: row % length == 0 ? first : source.rows(row - 1..<row))
    }
  }

  /// Fills what states hold beside their first stream.
  private func fillStates(
    _ states: Matrix, _ tokens: [Int32], _ context: ForwardContext
  ) throws(QuantError) {
    let first = context.layout.stream(of: states)
    switch graph.start.streams {
    case .copies:
      for index in 1..<max(1, graph.streams) {
        context.layout.stream(index, of: states).copy(from: first)
      }
    case .projected(let linear):
      try StreamPass(context: context, states: states).project(by: linear, ofFirst: true)
    }
    if let slot = graph.start.copy {
      context.layout.carried(slot, of: states).copy(from: first)
    }
    guard let slot = graph.carried.token else { return }
    let column = context.layout.carried(slot, of: states)
    for (row, token) in tokens.enumerated() { column[row, 0] = Float(token) }
  }

  /// The states behind the last layer as the output matrix takes them: one stream, normed.
  package func normedOutput(
    of states: Matrix, _ context: ForwardContext
  ) throws(QuantError) -> Matrix {
    let merged = try merge(states, context)
    if let norm = graph.outputNorm { try context.normalize(merged, by: norm, into: merged) }
    return merged
  }

  /// Makes one stream of several, in the model's way or another; a window onto the states, where they have
  /// one.
  func merge(
    _ states: Matrix, _ context: ForwardContext, by merge: StreamMerge? = nil
  ) throws(QuantError) -> Matrix {
    let first = context.layout.stream(of: states)
    guard graph.stateWidth > graph.width else { return states }
    switch merge ?? graph.merge {
    case .first: break
    case .mean:
      try average(states, context)
    case .projectedMean(let linear):
      try StreamPass(context: context, states: states).project(by: linear, ofFirst: false)
      try average(states, context)
    case .hyper(let graph):
      return try inParts(states, context) { part throws(QuantError) in
        try HyperConnectionPass(graph, in: context).connect(part).x
      }
    case .gated(let graph):
      return try inParts(states, context) { part throws(QuantError) in
        try StreamGatePass(graph, in: context).connect(part).x
      }
    case .checkpoints(let mix):
      return try inParts(states, context) { part throws(QuantError) in
        try CheckpointPass(mix, in: context).mixed(context.layout.stream(of: part), of: part)
      }
    }
    // Packed, as whoever writes them to a file expects.
    return first.copied()
  }

  /// About how many rows are merged at once: what they are merged with is wider than they are.
  private static let mergedRows = 8192

  /// Merges some windows at a time.
  private func inParts(
    _ states: Matrix, _ context: ForwardContext,
    _ merge: (Matrix) throws(QuantError) -> Matrix
  ) throws(QuantError) -> Matrix {
    let count = max(1, Self.mergedRows / context.windowLength) * context.windowLength
    guard states.rows > count else { return try merge(states) }
    let merged = Matrix(rows: states.rows, columns: graph.width)
    for start in stride(from: 0, to: states.rows, by: count) {
      let rows = start..<min(start + count, states.rows)
      merged.rows(rows).copy(from: try merge(states.rows(rows)))
    }
    return merged
  }

  /// Puts the mean of all streams in the place of the first.
  private func average(_ states: Matrix, _ context: ForwardContext) throws(QuantError) {
    let first = context.layout.stream(of: states)
    for index in 1..<max(1, graph.streams) {
      try context.add(context.layout.stream(index, of: states), times: 1, to: first)
    }
    try context.scale(first, by: 1 / Float(graph.streams))
  }
}
