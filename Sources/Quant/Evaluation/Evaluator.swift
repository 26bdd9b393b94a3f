// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF
public import QuantModels

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
  /// Whether layers that predict further tokens (MTP) run, too, for those who observe them.
  public var runsAhead = false

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

/// Takes windows of tokens through a model, layer by layer: every weight is read and decoded once
/// for all windows that fit in memory together.
public struct Evaluator: Sendable {
  /// The model.
  public let model: any ModelSource
  /// What it computes.
  public let graph: ModelGraph
  /// What may be used.
  public let options: EvaluationOptions
  /// The most tokens that a window may have: `graph` is for these.
  public let contextLength: Int
  package let workers: Workers

  /// Opens a model for evaluation.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - contextLength: The most tokens of a window: some models change with it.
  ///   - options: What may be used.
  /// - Throws: `QuantError.unsupported` for an architecture that is not known, a compute mode that this
  ///   machine does not have, or no layers that predict further tokens where they are to run; `.content` or `.tensor` for a model that does not hold together.
  public init(
    model: any ModelSource, contextLength: Int, options: EvaluationOptions
  ) throws(QuantError) {
    try options.mode.check()
    self.model = model
    self.options = options
    self.contextLength = contextLength
    graph = try ArchitectureRegistry.graph(
      of: model, contextLength: contextLength, describesAhead: options.runsAhead)
    workers = Workers(count: options.threads)
  }

  /// Refuses windows longer than the context that `graph` is for.
  ///
  /// Throws `QuantError.setting`.
  package func check(windowLength: Int) throws(QuantError) {
    guard options.firstPosition + windowLength <= contextLength else {
      throw .setting(
        .windowLength,
        what: "positions up to \(options.firstPosition + windowLength): expected at most "
          + "\(contextLength), the context length that the model was opened with")
    }
  }

  /// Refuses models without predictions of next tokens.
  ///
  /// Throws `QuantError.unsupported`.
  package func checkPredicts() throws(QuantError) {
    try checkHasLogits()
    guard graph.start.answer != nil else { return }
    throw .unsupported(
      "\(model.path): \"\(model.metadata.architecture ?? "")\" answers a text: it has no next token of"
        + " the text itself; expected a model that predicts one")
  }

  /// Refuses encoders.
  ///
  /// Throws `QuantError.unsupported`.
  package func checkHasLogits() throws(QuantError) {
    guard graph.isEncoder else { return }
    throw .unsupported(
      "\(model.path): \"\(model.metadata.architecture ?? "")\" is an encoder: it has no next token;"
        + " expected a model that predicts one")
  }

  /// How many windows go through the layers together.
  ///
  /// Throws `QuantError.memory` if not even one fits.
  func plan(windows: Int, length: Int) throws(QuantError) -> SegmentPlan {
    try SegmentPlan(graph, windows: windows, length: length, bytes: options.memoryBytes)
  }

  package func context(
    windowLength: Int, observer: (any ForwardObserver)? = nil
  ) -> ForwardContext {
    ForwardContext(
      model: model, graph, workers: workers, mode: options.mode, windowLength: windowLength,
      observer: observer)
  }

  /// Takes windows through all layers and the last norm, and through those that predict further tokens if
  /// the model was opened with them.
  ///
  /// - Parameters:
  ///   - tokens: Windows of equal length, one after the other.
  ///   - length: Tokens of a window.
  ///   - chunk: Windows that a step of a layer works on at once.
  ///   - observer: Told of what goes into products.
  ///   - state: Where to keep states after each layer, and perhaps begin with those of an earlier run.
  ///   - progress: Called after each layer, with its number and whether an earlier run did it.
  /// - Returns: The normed state of each token, in a row.
  /// - Throws: `QuantError` for tokens that the model does not have, weights that cannot be read or
  ///   are not finite, activations that are not, or a file that was changed meanwhile; `.cancelled` before a layer if the task was cancelled.
  package func states(
    _ tokens: [Int32], length: Int, chunk: Int, observer: (any ForwardObserver)? = nil,
    state: EvaluationState? = nil, progress: (Int, Bool) -> Void = { _, _ in }
  ) throws(QuantError) -> Matrix {
    precondition(length > 0 && tokens.count % length == 0)
    let context = context(windowLength: length, observer: observer)
    let (states, done) = try start(tokens, length: length, state)
    let finite = FiniteCheck(self, tokens, length: length)
    try finite.check(states, from: done > 0 ? .layer(done - 1) : .embedding)
    for index in graph.layers.indices {
      guard index >= done else {
        progress(index, true)
        continue
      }
      try QuantError.checkCancellation()
      try pass(index, context, length: length, chunk: chunk).run(states)
      try finite.check(states, from: .layer(index))
      try state?.save(states, layer: index + 1)
      progress(index, false)
    }
    let ahead = AheadRun(self, tokens, length: length, chunk: chunk, observer)
    try ahead.begin(states, progress)
    let merged = try normedOutput(of: states, context)
    try finite.check(merged, from: .output)
    try ahead.finish(states, normed: merged, progress)
    try QuantError.wrapping { () throws(FileError) in try model.checkUnchanged() }
    return merged
  }

  /// One layer's work on windows.
  func pass(_ layer: Int, _ context: ForwardContext, length: Int, chunk: Int) -> LayerPass {
    LayerPass(
      context: context, graph: graph.layers[layer], layer: layer,
      positions: options.firstPosition..<options.firstPosition + length, chunk: chunk * length)
  }

  /// The states to begin with, and how many layers made them.
  private func start(
    _ tokens: [Int32], length: Int, _ state: EvaluationState?
  ) throws(QuantError) -> (states: Matrix, layers: Int) {
    guard let earlier = state?.takeStates() else {
      return (try embed(tokens, windowLength: length), 0)
    }
    guard earlier.states.rows == tokens.count, earlier.layer <= graph.layers.count else {
      throw .mismatch(file: state?.path ?? "", what: "it is not the state of this evaluation")
    }
    return (earlier.states, earlier.layer)
  }
}
