// SPDX-License-Identifier: MIT
internal import GGUF
package import QuantModels

/// A dense feed-forward network over some rows.
package struct FeedForwardPass: BlockPass {
  package let context: ForwardContext
  package let graph: DenseGraph

  /// Prepares a pass.
  package init(context: ForwardContext, graph: DenseGraph) {
    self.context = context
    self.graph = graph
  }

  /// Numbers a row that a pass needs beside its input and output.
  static func scratchColumns(_ graph: DenseGraph) -> Int { 2 * graph.width }

  package func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    try run(input.h, into: y)
  }

  package func run(_ x: Matrix, into y: Matrix) throws(QuantError) {
    let both = Matrix(rows: x.rows, columns: 2 * graph.width)
    let gate = both.columns(0..<graph.width)
    let up = both.columns(graph.width..<2 * graph.width)
    switch graph.input {
    case .separate(let first, let second):
      try LinearProduct(first, in: context).run(x, into: gate)
      try LinearProduct(second, in: context).run(x, into: up)
    case .fused(let linear):
      try LinearProduct(linear, in: context).run(x, into: both)
    case .plain(let linear):
      try LinearProduct(linear, in: context).run(x, into: gate)
    }
    if graph.sparsity != 0 { try context.sparsify(gate, by: graph.sparsity) }
    if case .plain = graph.input {
      try context.activate(gate, graph.activation.kernel, into: gate)
    } else {
      try context.gate(gate, up, graph.activation.kernel, into: gate)
    }
    if let norm = graph.innerNorm { try context.normalize(gate, by: norm, into: gate) }
    try LinearProduct(graph.down, in: context).run(gate, into: y)
  }
}
