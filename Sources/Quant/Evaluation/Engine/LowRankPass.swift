// SPDX-License-Identifier: MIT
internal import QuantModels

/// Computes `LowRankGraph`.
struct LowRankPass: BlockPass {
  private let context: ForwardContext
  private let graph: LowRankGraph

  init(_ graph: LowRankGraph, positions: Range<Int>, in context: ForwardContext) throws(QuantError)
  {
    self.context = context
    self.graph = graph
  }

  /// Numbers a row that a pass needs beside its input and output.
  static func scratchColumns(_ graph: LowRankGraph) -> Int { graph.down.outputs }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let narrow = Matrix(rows: y.rows, columns: graph.down.outputs)
    try LinearProduct(graph.down, in: context).run(input.h, into: narrow)
    try LinearProduct(graph.up, in: context).run(narrow, into: y)
    try context.normalize(y, by: graph.norm, into: y)
    try context.add(input.h, times: 1, to: y)
  }
}
