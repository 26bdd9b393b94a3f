// SPDX-License-Identifier: MIT
public import GGUF

/// What an evaluation may use.
public struct EvaluationOptions: Sendable {
  /// Threads.
  public var threads: Int
  /// How matrices are multiplied.
  public var mode: ComputeMode
  /// Bytes that activations may take.
  public var memoryBytes: Int
  /// The position of each window's first token.
  public var firstPosition: Int

  /// Chooses.
  public init(
    threads: Int, mode: ComputeMode = .accurate, memoryBytes: Int = 1 << 30, firstPosition: Int = 0
  ) {
    self.threads = threads
    self.mode = mode
    self.memoryBytes = memoryBytes
    self.firstPosition = firstPosition
  }
}

/// How far an evaluation is.
public struct EvaluationProgress: Sendable {
  /// Layers done, over all segments.
  public let doneLayers: Int
  /// Layers of the whole run, over all segments.
  public let layers: Int
  /// Tokens of the segment.
  public let tokens: Int
}

/// Takes windows of tokens through a model, layer by layer: every weight is read and decoded once
/// for all windows that fit in memory together.
public struct Evaluator: Sendable {
  /// The model's file.
  public let file: GGUFFile
  /// What it computes.
  public let graph: ModelGraph
  /// What may be used.
  public let options: EvaluationOptions
  let workers: Workers

  /// Opens a model for evaluation.
  ///
  /// - Parameters:
  ///   - file: The model.
  ///   - contextLength: Tokens of a window: some models change with it.
  ///   - options: What may be used.
  /// - Throws: `QuantError.unsupported` for an architecture that is not known, or a model that does
  ///   not hold together.
  public init(
    file: GGUFFile, contextLength: Int, options: EvaluationOptions
  ) throws(QuantError) {
    self.file = file
    self.options = options
    graph = try ArchitectureRegistry.graph(of: file, contextLength: contextLength)
    workers = Workers(count: options.threads)
  }

  /// Takes windows through all layers and the last norm.
  ///
  /// - Parameters:
  ///   - tokens: Windows of equal length, one after the other.
  ///   - length: Tokens of a window.
  ///   - observer: Told of what goes into products.
  ///   - progress: Called after each layer.
  ///   - body: Called for each segment with its windows, counted from 0, and the normed states
  ///     of its tokens, a row each.
  /// - Throws: `QuantError` for tokens that the model does not have, weights that cannot be read, or
  ///   too little memory for one window.
  func run(
    _ tokens: [Int32], length: Int, keeping kept: Int = 0,
    observer: (any ForwardObserver)? = nil,
    progress: (EvaluationProgress) -> Void = { _ in },
    _ body: (Range<Int>, Matrix) throws(QuantError) -> Void
  ) throws(QuantError) {
    precondition(length > 0 && tokens.count % length == 0)
    try check(tokens)
    let windows = tokens.count / length
    let plan = try SegmentPlan(
      graph, windows: windows, length: length, kept: kept, bytes: options.memoryBytes)
    let segments = (windows + plan.windows - 1) / max(plan.windows, 1)
    let context = ForwardContext(
      file: file, workers: workers, mode: options.mode, epsilon: graph.epsilon, observer: observer)
    for segment in 0..<segments {
      let range = segment * plan.windows..<min((segment + 1) * plan.windows, windows)
      let part = Array(tokens[range.lowerBound * length..<range.upperBound * length])
      let states = try embed(part, context)
      for (index, layer) in graph.layers.enumerated() {
        let pass = LayerPass(
          context: context, graph: layer, layer: index,
          positions: options.firstPosition..<options.firstPosition + length,
          chunk: plan.chunk * length)
        try pass.run(states)
        progress(
          EvaluationProgress(
            doneLayers: segment * graph.layers.count + index + 1,
            layers: segments * graph.layers.count, tokens: part.count))
      }
      try context.normalize(states, by: graph.outputNorm, into: states)
      try body(range, states)
    }
  }

  private func check(_ tokens: [Int32]) throws(QuantError) {
    guard let bad = tokens.first(where: { $0 < 0 || Int($0) >= graph.vocabulary }) else { return }
    throw .unsupported(
      "\(file.path): expected tokens from 0 to \(graph.vocabulary - 1), found \(bad)")
  }

  /// The rows that stand for tokens.
  private func embed(_ tokens: [Int32], _ context: ForwardContext) throws(QuantError) -> Matrix {
    let states = Matrix(rows: tokens.count, columns: graph.width)
    try workers.forRanges(tokens.count, atLeast: 64) { (rows, _) throws(QuantError) in
      var reader = try TensorReader(file: file, tensor: graph.embedding)
      for row in rows {
        let token = Int(tokens[row])
        try states.withMutableRow(row) { (span) throws(QuantError) in
          try reader.readRows(token..<token + 1, into: &span)
        }
        if graph.embeddingScale != 1 {
          unsafe LayerKernels.scale(
            states.base + row * states.stride, count: states.columns, factor: graph.embeddingScale)
        }
      }
    }
    return states
  }
}
