// SPDX-License-Identifier: MIT
internal import QuantModels

/// Small experts that groups of a mixture's experts share, over rows of what the mixture gave.
struct GroupExpertsPass: BlockPass {
  let context: ForwardContext
  let graph: GroupExpertsGraph

  /// Numbers a row that a pass needs beside its input and output.
  static func scratchColumns(_ graph: GroupExpertsGraph) -> Int {
    ExpertLayerPass.scratchColumns(graph.mixture) + graph.logits.count
  }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let logits = context.layout.carried(graph.logits, of: input.states)
    // The layer does not matter: nobody is told of this routing.
    let pass = ExpertLayerPass(
      context: context, graph: graph.mixture, layer: 0, chunk: max(1, y.rows))
    y.clear()
    try pass.addExperts(input.h, try Routing(logits, graph, context.workers), to: y, scale: 1)
  }
}
