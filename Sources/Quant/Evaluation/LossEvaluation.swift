// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

/// What a model is compared with.
public enum EvaluationBase: Sendable {
  /// Another model, evaluated beside it.
  case model(Evaluator)
  /// The states of another model, kept by an earlier run.
  case states(BaseStates)
}

/// What a model's evaluation over windows came to.
public struct LossReport: Sendable {
  /// The losses of all counted tokens.
  public private(set) var losses = PerplexityStatistics()
  /// The comparison with the base; `nil` without one.
  public private(set) var divergence: DivergenceStatistics?
  /// What it was made of.
  let tokens: [TokenDivergence]

  /// Adds up tokens in the order of the text.
  init(_ tokens: [TokenDivergence], comparesWithBase: Bool) {
    self.tokens = tokens
    if comparesWithBase { divergence = DivergenceStatistics() }
    for token in tokens {
      losses.add(loss: token.variantLoss)
      divergence?.add(token)
    }
  }
}

/// Measures how well a model predicts windows of text, and how its predictions differ from a base's.
public struct LossEvaluation {
  private let evaluator: Evaluator
  private let windows: EvaluationWindows
  private let base: EvaluationBase?
  /// The windows to run.
  private let range: Range<Int>

  /// Prepares a measurement.
  ///
  /// - Parameters:
  ///   - evaluator: The model.
  ///   - windows: The text.
  ///   - base: What to compare it with.
  ///   - range: The windows of the text to run; by default all. A kept base is of all even so.
  /// - Throws: `QuantError.setting` for windows longer than a model's context length, `.mismatch` for a
  ///   base with another vocabulary or other text.
  public init(
    _ evaluator: Evaluator, _ windows: EvaluationWindows, base: EvaluationBase? = nil,
    only range: Range<Int>? = nil
  ) throws(QuantError) {
    self.range = range ?? 0..<windows.count
    precondition(self.range.upperBound <= windows.count)
    try evaluator.checkPredicts()
    try evaluator.check(windowLength: windows.length)
    self.evaluator = evaluator
    self.windows = windows
    self.base = base
    let vocabulary = evaluator.graph.vocabulary
    switch base {
    case nil: break
    case .model(let other):
      try other.checkPredicts()
      try other.check(windowLength: windows.length)
      guard other.graph.vocabulary == vocabulary else {
        throw .mismatch(
          file: evaluator.model.path,
          what: "expected a vocabulary of \(other.graph.vocabulary) tokens, as "
            + "\(other.model.path) has, found \(vocabulary)")
      }
    case .states(let states): try states.check(windows, vocabulary: vocabulary)
    }
  }

  /// Runs it.
  ///
  /// - Parameters:
  ///   - routers: Counts how often routers choose each expert.
  ///   - writer: Takes the states of counted tokens, for later comparisons.
  ///   - state: Keeps what is done between layers, and perhaps begins with what an earlier run did; not
  ///     with a base model beside the model, nor with routers or a writer, which would miss that. The file
  ///     stays: who has used the result removes it.
  ///   - progress: Called after each layer, and as logits are made.
  /// - Returns: The losses. They depend neither on the number of threads, nor on how many windows fit
  ///   into memory together: a window's are the same to the last bit in whatever company it is run.
  /// - Throws: `QuantError` for tokens that the model does not have, weights that cannot be read, or
  ///   too little memory; `.cancelled` if the task was cancelled, which is asked before each layer.
  public func run(
    countingRouters routers: RouterGathering? = nil, keeping writer: BaseStatesWriter? = nil,
    state: EvaluationState? = nil,
    progress: @escaping (EvaluationProgress) -> Void = { _ in }
  ) throws(QuantError) -> LossReport {
    let costs = costs
    let meter = WorkMeter(total: costs.reduce(0) { $0 + work($1, windows: range.count) }, progress)
    var plan = try segmentPlan()
    var done = 0
    var results: [TokenDivergence] = []
    if let state { (plan.windows, done, results) = state.begin(planned: plan.windows) }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: plan.windows) {
      let segment = start..<min(start + plan.windows, range.upperBound)
      let (first, last) = (segment.lowerBound * windows.length, segment.upperBound * windows.length)
      let tokens = Array(windows.tokens[first..<last])
      guard (start - range.lowerBound) / plan.windows >= done else {
        meter.skip(costs.reduce(0) { $0 + work($1, windows: segment.count) })
        continue
      }
      let states = try evaluator.states(
        tokens, length: windows.length, chunk: plan.chunk, observer: routers, state: state
      ) { layer, isEarlier in
        let work = costs[0].layer(layer) * tokens.count
        if isEarlier { meter.skip(work) } else { meter.add(work) }
      }
      let counted = windows.packCounted(states)
      try writer?.write(counted)
      let compared = try reference(segment, tokens, plan) { layer in
        meter.add((costs.last?.layer(layer) ?? 0) * tokens.count)
      }
      let outputs = costs.reduce(0) { $0 + $1.output }
      let found = try measure(counted, compared, segment) { meter.add(outputs * $0) }
      try checkFinite(found)
      results += found
      state?.add(found)
    }
    // The output matrix was read after the layers.
    try QuantError.wrapping { () throws(FileError) in try evaluator.model.checkUnchanged() }
    return LossReport(results, comparesWithBase: base != nil)
  }

  /// What a token costs in the model, and in the base; of a kept base, only the output is computed.
  private var costs: [EvaluationWork] {
    let own = EvaluationWork(evaluator.graph)
    return switch base {
    case nil: [own]
    case .model(let other): [own, EvaluationWork(other.graph)]
    case .states: [own, own.onlyOutput]
    }
  }

  private func work(_ cost: EvaluationWork, windows count: Int) -> Int {
    count * (cost.layers * windows.length + cost.output * windows.counted.count)
  }

  /// Refuses losses that are not finite: states and weights are, and so logits are too large.
  private func checkFinite(_ found: [TokenDivergence]) throws(QuantError) {
    let ownFails = found.contains { !$0.variantLoss.isFinite }
    guard ownFails || found.contains(where: { !$0.baseLoss.isFinite }) else { return }
    let file =
      switch base {
      case .model(let other) where !ownFails: other.model.path
      case .states(let kept) where !ownFails: kept.file.path
      default: evaluator.model.path
      }
    throw .content(
      file: file, line: 0, what: "the output: expected finite logits, found others")
  }

  /// Both models' states are held at the same time.
  private func segmentPlan() throws(QuantError) -> SegmentPlan {
    var plan = try evaluator.plan(windows: range.count, length: windows.length)
    guard case .model(let other) = base else { return plan }
    let second = try other.plan(windows: range.count, length: windows.length)
    plan.windows = max(1, min(plan.windows, second.windows) / 2)
    plan.chunk = min(plan.chunk, second.chunk, plan.windows)
    return plan
  }

  /// The base's states of the counted tokens of a segment, and how logits come of them.
  private func reference(
    _ segment: Range<Int>, _ tokens: [Int32], _ plan: SegmentPlan, step: (Int) -> Void
  ) throws(QuantError) -> (states: Matrix, head: OutputHead)? {
    switch base {
    case nil: return nil
    case .model(let other):
      let states = try other.states(tokens, length: windows.length, chunk: plan.chunk) { layer, _ in
        step(layer)
      }
      return (
        windows.packCounted(states),
        OutputHead(other.graph, other.context(windowLength: windows.length))
      )
    case .states(let kept):
      let size = windows.counted.count
      let rows = segment.lowerBound * size..<segment.upperBound * size
      return (try kept.rows(rows), try kept.head(evaluator.workers, evaluator.options.mode))
    }
  }

  /// Logits at once: enough rows for fast products.
  private var rowsAtOnce: Int { min(max((1 << 26) / evaluator.graph.vocabulary, 256), 4096) }

  /// The results of counted tokens. Without a reference, the model is compared with itself.
  private func measure(
    _ states: Matrix, _ reference: (states: Matrix, head: OutputHead)?, _ segment: Range<Int>,
    step: (Int) -> Void
  ) throws(QuantError) -> [TokenDivergence] {
    let head = OutputHead(evaluator.graph, evaluator.context(windowLength: windows.length))
    let size = min(rowsAtOnce, states.rows)
    let logits = Matrix(rows: size, columns: evaluator.graph.vocabulary)
    let others = reference == nil ? logits : Matrix(rows: size, columns: logits.columns)
    var results: [TokenDivergence] = []
    for start in stride(from: 0, to: states.rows, by: size) {
      let rows = start..<min(start + size, states.rows)
      let targets = rows.map { target(segment, row: $0) }
      try head.logits(states.rows(rows), into: logits.rows(0..<rows.count))
      if let reference {
        try reference.head.logits(reference.states.rows(rows), into: others.rows(0..<rows.count))
        results += try compare(logits, with: others, targets)
      } else {
        results += try losses(logits, targets)
      }
      step(rows.count)
    }
    return results
  }

  private func target(_ segment: Range<Int>, row: Int) -> Int {
    let size = windows.counted.count
    let position = windows.counted.lowerBound + row % size
    return Int(windows.target(window: segment.lowerBound + row / size, position: position))
  }

  private func losses(
    _ logits: Matrix, _ targets: [Int]
  ) throws(QuantError) -> [TokenDivergence] {
    try results(targets) { row in
      let loss = logits.withRow(row) { LogitRow.loss(of: targets[row], in: $0) }
      return TokenDivergence(divergence: 0, baseLoss: loss, variantLoss: loss, isSameTop: true)
    }
  }

  private func compare(
    _ logits: Matrix, with base: Matrix, _ targets: [Int]
  ) throws(QuantError) -> [TokenDivergence] {
    try results(targets) { row in
      base.withRow(row) { first in
        logits.withRow(row) { second in
          LogitRow.compare(base: first, variant: second, target: targets[row])
        }
      }
    }
  }

  /// One result a target, in order, whichever thread makes it.
  private func results(
    _ targets: [Int], _ result: @Sendable (Int) -> TokenDivergence
  ) throws(QuantError) -> [TokenDivergence] {
    let found = RowResults<TokenDivergence>(targets.count)
    try evaluator.workers.forRanges(targets.count) { (rows, _) throws(QuantError) in
      for row in rows { found[row] = result(row) }
    }
    return targets.indices.compactMap { found[$0] }
  }
}
