// SPDX-License-Identifier: MIT
package import GGUF
internal import Synchronization

/// Gathers an importance matrix: the sums of the squares of what goes into every product, a column at
/// a time, for each expert apart.
///
/// Sums of some thousand rows are in single precision and go on in double.
package final class ImportanceGathering: ForwardObserver {
  private struct Sums {
    let columns: Int
    var sums: [Double]
    var counts: [Int]
  }

  private let tensors = Mutex<[String: Sums]>([:])
  /// Whether the output matrix is gathered for, too.
  private let includesOutput: Bool

  /// Begins with nothing.
  package init(includesOutput: Bool) { self.includesOutput = includesOutput }

  package func observe(
    _ tensor: TensorInfo, matrix: Int, input: Matrix, workers: Workers
  ) throws(QuantError) {
    guard tensor.name.hasPrefix("blk.") || includesOutput else { return }
    let partial = Matrix(rows: 1, columns: input.columns)
    partial.clear()
    try workers.forRanges(input.columns, atLeast: 64) { (columns, _) throws(QuantError) in
      let part = input.columns(columns)
      unsafe LayerKernels.squares(
        part.floatRows, rows: input.rows, columns: columns.count,
        sums: partial.base + columns.lowerBound)
    }
    tensors.withLock { tensors in
      // Matrices beyond two dimensions are experts, or heads.
      let count = tensor.dimensions.dropFirst(2).reduce(1, *)
      var sums =
        tensors.removeValue(forKey: tensor.name)
        ?? Sums(
          columns: input.columns, sums: Array(repeating: 0, count: input.columns * count),
          counts: Array(repeating: 0, count: count))
      sums.counts[matrix] += input.rows
      for column in 0..<input.columns {
        sums.sums[matrix * input.columns + column] += Double(partial[0, column])
      }
      tensors[tensor.name] = sums
    }
  }

  package func observe(_ routing: Routing, layer: Int) {}

  /// What was gathered.
  ///
  /// - Parameters:
  ///   - datasets: Names of the texts.
  ///   - windows: What was run.
  /// - Returns: The matrix, entries in the order of their names.
  /// - Throws: `QuantError.importance` if something is not finite: the model computes nonsense.
  package func matrix(
    datasets: [String], windows: EvaluationWindows
  ) throws(QuantError) -> ImportanceMatrix {
    var entries: [ImportanceMatrix.Entry] = []
    for (name, sums) in tensors.withLock({ $0 }) {
      entries.append(
        try ImportanceMatrix.Entry(
          name: name, rowWeights: sums.columns, sums: sums.sums.map { Float($0) },
          counts: sums.counts.map { Float($0) }))
    }
    entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return try ImportanceMatrix(
      path: "importance matrix", datasets: datasets, chunkCount: windows.count,
      chunkSize: windows.length, entries: entries)
  }
}

/// Gathers what routers do.
package final class RouterGathering: ForwardObserver {
  private let layers = Mutex<[Int: RouterStatistics.Layer]>([:])

  /// Begins with nothing.
  package init() {}

  package func observe(
    _ tensor: TensorInfo, matrix: Int, input: Matrix, workers: Workers
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
  package var statistics: RouterStatistics {
    var all = RouterStatistics()
    for (_, layer) in layers.withLock({ $0 }).sorted(by: { $0.key < $1.key }) { all.add(layer) }
    return all
  }
}

extension Evaluator {
  /// Runs windows through the model for what an observer sees of them.
  ///
  /// - Parameters:
  ///   - observer: Told of what goes into products, those of the output matrix included.
  ///   - windows: The text.
  ///   - progress: Called after each layer.
  /// - Throws: `QuantError` for tokens that the model does not have, weights that cannot be read, or
  ///   too little memory.
  package func gather(
    _ observer: any ForwardObserver, over windows: EvaluationWindows,
    progress: (EvaluationProgress) -> Void = { _ in }
  ) throws(QuantError) {
    let plan = try plan(windows: windows.count, length: windows.length)
    let total = graph.layers.count * windows.tokens.count
    var done = 0
    for start in stride(from: 0, to: windows.count, by: plan.windows) {
      let end = min(start + plan.windows, windows.count)
      let tokens = Array(windows.tokens[start * windows.length..<end * windows.length])
      let states = try states(
        tokens, length: windows.length, chunk: plan.chunk, observer: observer
      ) {
        done += tokens.count
        progress(EvaluationProgress(done: done, total: total))
      }
      try observer.observe(graph.output.tensor, matrix: 0, input: states, workers: workers)
    }
  }
}
