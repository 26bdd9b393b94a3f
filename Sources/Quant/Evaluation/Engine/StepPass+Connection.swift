// SPDX-License-Identifier: MIT
package import QuantModels

/// A step's input, as it is made of the streams.
package struct StepInput {
  /// The input: a window onto the states, if they have one stream.
  package let x: Matrix
  /// What tells how the output is joined with the streams: a row a token.
  var weights: Matrix?

  /// That of some rows.
  package func rows(_ range: Range<Int>) -> StepInput {
    StepInput(x: x.rows(range), weights: weights?.rows(range))
  }
}

extension StepPass {
  /// Makes the step's input of the streams.
  package func connect(_ states: Matrix) throws(QuantError) -> StepInput {
    switch step.connection {
    case .residual: StepInput(x: context.layout.stream(of: states))
    case .hyper(let graph): try HyperConnectionPass(graph, in: context).connect(states)
    case .gated(let graph): try StreamGatePass(graph, in: context).connect(states)
    }
  }

  /// Joins the sum of the branches with the streams; uses `y` up.
  package func join(_ y: Matrix, _ input: StepInput, to states: Matrix) throws(QuantError) {
    if let norm = step.postNorm { try context.normalize(y, by: norm, into: y) }
    switch step.connection {
    case .residual:
      let x = context.layout.stream(of: states)
      try context.add(y, times: step.scale, to: x)
      try context.scale(x, by: step.sumScale)
    case .hyper(let graph):
      try HyperConnectionPass(graph, in: context).join(y, input, to: states)
    case .gated(let graph):
      try StreamGatePass(graph, in: context).join(y, input, to: states)
    }
  }
}
