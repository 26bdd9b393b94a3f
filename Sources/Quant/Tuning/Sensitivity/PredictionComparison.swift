// SPDX-License-Identifier: MIT
internal import QuantEvaluation
internal import QuantModels

/// Compares the predictions that follow from two sets of last states.
struct PredictionComparison {
  private let evaluator: Evaluator
  private let base: Matrix
  /// Rows of each window.
  private let length: Int
  private let head: OutputHead

  /// Takes the normed states of the model as it is, of so many tokens of each window.
  init(
    _ evaluator: Evaluator, base: Matrix, ofEachWindow length: Int, _ context: ForwardContext
  ) {
    self.length = length
    self.evaluator = evaluator
    self.base = base
    head = OutputHead(evaluator.graph, context)
  }

  /// Logits at once: enough rows for fast products.
  static func rowsAtOnce(vocabulary: Int) -> Int { min(max((1 << 25) / vocabulary, 256), 4096) }

  /// Compares the predictions that follow from other states.
  ///
  /// - Parameters:
  ///   - states: Normed states of the same tokens.
  ///   - context: How their logits are made.
  /// - Returns: The sum of the tokens' Kullback-Leibler divergences in nats, exact over windows.
  /// - Throws: `QuantError` for weights that cannot be read.
  func divergence(of states: Matrix, _ context: ForwardContext) throws(QuantError) -> ExactSum {
    guard base.rows > 0 else { return ExactSum() }
    let other = OutputHead(evaluator.graph, context)
    let size = min(Self.rowsAtOnce(vocabulary: evaluator.graph.vocabulary), base.rows)
    let logits = Matrix(rows: size, columns: evaluator.graph.vocabulary)
    let others = Matrix(rows: size, columns: evaluator.graph.vocabulary)
    var tokens: [Double] = []
    for start in stride(from: 0, to: base.rows, by: size) {
      let rows = start..<min(start + size, base.rows)
      try head.logits(base.rows(rows), into: logits.rows(0..<rows.count))
      try other.logits(states.rows(rows), into: others.rows(0..<rows.count))
      tokens += try compare(logits, others, count: rows.count)
    }
    var sum = ExactSum()
    for start in stride(from: 0, to: tokens.count, by: length) {
      sum.add(tokens[start..<start + length].reduce(0, +))
    }
    return sum
  }

  private func compare(
    _ logits: Matrix, _ others: Matrix, count: Int
  ) throws(QuantError) -> [Double] {
    let found = RowResults<Double>(count)
    try evaluator.workers.forRanges(count) { (rows, _) throws(QuantError) in
      for row in rows {
        found[row] = logits.withRow(row) { first in
          others.withRow(row) { second in
            LogitRow.compare(base: first, variant: second, target: 0).divergence
          }
        }
      }
    }
    return (0..<count).map { found[$0] ?? 0 }
  }
}
