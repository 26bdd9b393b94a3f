// SPDX-License-Identifier: MIT
package import QuantModels

/// A step's input, as it is made of the streams.
package struct StepInput {
  /// The input: a window onto the states, if they have one stream.
  package let x: Matrix

  /// That of some rows.
  package func rows(_ range: Range<Int>) -> StepInput { StepInput(x: x.rows(range)) }
}

extension StepPass {
  /// Makes the step's input of the streams.
  package func connect(_ states: Matrix) throws(QuantError) -> StepInput {
    switch step.connection {
    case .residual: StepInput(x: context.layout.stream(of: states))
    }
  }

  /// Joins the sum of the branches with the streams; uses `y` up.
  package func join(_ y: Matrix, _ input: StepInput, to states: Matrix) throws(QuantError) {
    if let norm = step.postNorm { try context.normalize(y, by: norm, into: y) }
    if let slot = step.outputCopy { context.layout.carried(slot, of: states).copy(from: y) }
    switch step.connection {
    case .residual:
      let x = context.layout.stream(of: states)
      try context.add(y, times: step.scale, to: x)
      try context.scale(x, by: step.sumScale)
    }
  }
}
