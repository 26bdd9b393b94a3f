// SPDX-License-Identifier: MIT
internal import GGUF

/// From a model's last states to logits, some rows at a time.
struct OutputHead {
  private let graph: ModelGraph
  private let context: ForwardContext

  init(_ evaluator: Evaluator) {
    graph = evaluator.graph
    context = ForwardContext(
      file: evaluator.file, workers: evaluator.workers, mode: evaluator.options.mode,
      epsilon: graph.epsilon, observer: nil)
  }

  /// Computes the logits of every row: a number a token of the vocabulary.
  func logits(_ states: Matrix, into logits: Matrix) throws(QuantError) {
    try LinearProduct(graph.output, in: context).run(states, into: logits)
    let (scale, cap) = (graph.logitScale, graph.logitCap)
    guard scale != 1 || cap != 0 else { return }
    try context.workers.forRanges(logits.rows) { (rows, _) throws(QuantError) in
      for row in rows {
        let numbers = unsafe logits.base + row * logits.stride
        if scale != 1 {
          unsafe LayerKernels.scale(numbers, count: logits.columns, factor: scale)
        }
        if cap != 0 { unsafe LayerKernels.cap(numbers, count: logits.columns, cap: cap) }
      }
    }
  }
}
