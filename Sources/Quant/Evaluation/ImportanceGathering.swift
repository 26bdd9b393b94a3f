// SPDX-License-Identifier: MIT
package import GGUF
public import QuantModels
public import QuantPlanning

/// Gathers an importance matrix: the sums of the squares of what goes into every product, a column at
/// a time, for each expert apart.
///
/// Sums of one window's rows are in single precision, and those of windows exact (`ExactSum`): they do
/// not depend on which windows were in memory together, nor on the order in which they came.
package final class ImportanceGathering: ForwardObserver {
  private let tensors = Locked<[String: ColumnSums]>([:])
  /// Whether the output matrix is gathered for, too.
  private let includesOutput: Bool

  /// Begins with nothing.
  package init(includesOutput: Bool) { self.includesOutput = includesOutput }

  /// How tensors of layers begin, those of encoders and decoders included.
  private static let prefixes = ["blk.", "enc.blk.", "dec.blk."]

  package func observe(
    _ tensor: TensorInfo, matrix: Int, input: Matrix, windows: [Range<Int>], workers: Workers
  ) throws(QuantError) {
    guard includesOutput || Self.prefixes.contains(where: { tensor.name.hasPrefix($0) })
    else { return }
    // Matrices beyond two dimensions are experts, or heads.
    let count = tensor.matrixCount
    let sums = tensors.withLock { tensors in
      let sums = tensors[tensor.name] ?? ColumnSums(columns: input.columns, matrices: count)
      tensors[tensor.name] = sums
      return sums
    }
    try sums.addSquares(of: input, windows, to: matrix, workers)
  }

  package func observe(_ routing: Routing, layer: Int) {}

  /// What was gathered.
  package var sums: ImportanceSums { ImportanceSums(tensors: tensors.withLock { $0 }) }

  /// What was gathered, as a matrix.
  ///
  /// - Parameters:
  ///   - datasets: Names of the texts.
  ///   - windows: What was run.
  /// - Returns: The matrix, entries in the order of their names.
  /// - Throws: `QuantError.content` if something is not finite: the model computes nonsense.
  package func matrix(
    datasets: [String], windows: EvaluationWindows
  ) throws(QuantError) -> ImportanceMatrix {
    try sums.matrix(
      datasets: datasets, windowCount: windows.count, windowLength: windows.length)
  }
}

/// Gathers what routers do.
public final class RouterGathering: ForwardObserver {
  private let layers = Locked<[Int: RouterStatistics.Layer]>([:])

  /// Begins with nothing.
  public init() {}

  package func observe(
    _ tensor: TensorInfo, matrix: Int, input: Matrix, windows: [Range<Int>], workers: Workers
  ) throws(QuantError) {}

  package func observe(_ routing: Routing, layer: Int) {
    layers.withLock { layers in
      var statistics =
        layers[layer] ?? RouterStatistics.Layer(layer: layer, expertCount: routing.experts)
      for token in 0..<routing.chosen.count / max(routing.used, 1) {
        let range = token * routing.used..<(token + 1) * routing.used
        statistics.add(
          experts: routing.chosen.span.extracting(range),
          weights: routing.weights.span.extracting(range))
      }
      layers[layer] = statistics
    }
  }

  /// What was gathered, by layer.
  public var statistics: RouterStatistics {
    var all = RouterStatistics()
    for (_, layer) in layers.withLock({ $0 }).sorted(by: { $0.key < $1.key }) { all.add(layer) }
    return all
  }
}

extension Evaluator {
  /// Gathers an importance matrix.
  ///
  /// - Parameters:
  ///   - windows: The text.
  ///   - datasets: Names of the texts, for the file.
  ///   - includesOutput: Whether the output matrix is gathered for, too.
  ///   - progress: Called after each layer.
  /// - Returns: The matrix, entries in the order of their names.
  /// - Throws: `QuantError` for windows longer than the context length, tokens that the model does not
  ///   have, weights that cannot be read, or too little memory; `.content` if something is not finite;
  ///   `.cancelled` if the task was cancelled, which is asked before each layer.
  public func gatherImportance(
    over windows: EvaluationWindows, datasets: [String], includesOutput: Bool = false,
    progress: @escaping (EvaluationProgress) -> Void = { _ in }
  ) throws(QuantError) -> ImportanceMatrix {
    let gathering = ImportanceGathering(includesOutput: includesOutput)
    try gather(gathering, over: windows, progress: progress)
    return try gathering.matrix(datasets: datasets, windows: windows)
  }

  /// Runs windows through the model for what an observer sees of them.
  ///
  /// - Parameters:
  ///   - observer: Told of what goes into products, those of the output matrix included.
  ///   - windows: The text.
  ///   - range: Those of its windows to run; by default all.
  ///   - progress: Called after each layer.
  /// - Throws: `QuantError` for windows longer than the context length, tokens that the model does not
  ///   have, weights that cannot be read, or too little memory; `.cancelled` if the task was cancelled.
  package func gather(
    _ observer: any ForwardObserver, over windows: EvaluationWindows, only range: Range<Int>? = nil,
    progress: @escaping (EvaluationProgress) -> Void = { _ in }
  ) throws(QuantError) {
    try check(windowLength: windows.length)
    let range = range ?? 0..<windows.count
    let plan = try plan(windows: range.count, length: windows.length)
    let work = EvaluationWork(graph)
    let meter = WorkMeter(total: work.layers * range.count * windows.length, progress)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: plan.windows) {
      let end = min(start + plan.windows, range.upperBound)
      let tokens = Array(windows.tokens[start * windows.length..<end * windows.length])
      let states = try states(
        tokens, length: windows.length, chunk: plan.chunk, observer: observer
      ) { layer, _ in meter.add(work.layer(layer) * tokens.count) }
      guard !graph.isEncoder else { continue }
      let context = context(windowLength: windows.length)
      if graph.scalesOutputInput { try context.scale(states, by: graph.logitScale) }
      let rows = context.windows(of: states.rows)
      try observer.observe(
        graph.output.tensor, matrix: 0, input: states, windows: rows, workers: workers)
    }
  }
}
