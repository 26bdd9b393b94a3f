// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
package import QuantModels

/// From a model's last states to logits, some rows at a time.
package struct OutputHead {
  private let linear: Linear
  private let scale: Float
  private let cap: Float
  private let context: ForwardContext

  init(_ linear: Linear, scale: Float, cap: Float, _ context: ForwardContext) {
    self.linear = linear
    self.scale = scale
    self.cap = cap
    self.context = context
  }

  package init(_ graph: ModelGraph, _ context: ForwardContext) {
    self.init(graph.output, scale: graph.logitScale, cap: graph.logitCap, context)
  }

  /// Computes the logits of every row: a number a token of the vocabulary.
  package func logits(_ states: Matrix, into logits: Matrix) throws(QuantError) {
    try LinearProduct(linear, in: context).run(states, into: logits)
    let (scale, cap) = (scale, cap)
    guard scale != 1 || cap != 0 else { return }
    try context.workers.forRanges(logits.rows) { (rows, _) throws(QuantError) in
      for row in rows {
        let numbers = unsafe logits.base + row * logits.stride
        if scale != 1 {
          unsafe KernelTable.current.layers.scale(numbers, count: logits.columns, factor: scale)
        }
        if cap != 0 {
          unsafe KernelTable.current.layers.cap(numbers, count: logits.columns, cap: cap)
        }
      }
    }
  }
}
