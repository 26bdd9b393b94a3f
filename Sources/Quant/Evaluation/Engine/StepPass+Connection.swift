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
  /// Makes the step's input of the streams, a chunk at a time: what it is made with is wider than it.
  package func connect(_ states: Matrix) throws(QuantError) -> StepInput {
    switch step.connection {
    case .residual, .correcting, .others: return try connectAtOnce(states)
    case .hyper, .gated, .checkpoints: break
    }
    guard states.rows > pass.chunk else { return try connectAtOnce(states) }
    let x = Matrix(rows: states.rows, columns: context.layout.width)
    var weights: Matrix?
    for start in stride(from: 0, to: states.rows, by: pass.chunk) {
      let rows = start..<min(start + pass.chunk, states.rows)
      let part = try connectAtOnce(states.rows(rows))
      x.rows(rows).copy(from: part.x)
      guard let own = part.weights else { continue }
      let all = weights ?? Matrix(rows: states.rows, columns: own.columns)
      all.rows(rows).copy(from: own)
      weights = all
    }
    return StepInput(x: x, weights: weights)
  }

  private func connectAtOnce(_ states: Matrix) throws(QuantError) -> StepInput {
    let first = context.layout.stream(of: states)
    switch step.connection {
    case .residual, .correcting: return StepInput(x: first)
    case .others(let factors):
      let x = first.copied()
      try context.multiply(x, by: try context.vector(factors))
      return StepInput(x: x)
    case .hyper(let graph): return try HyperConnectionPass(graph, in: context).connect(states)
    case .gated(let graph): return try StreamGatePass(graph, in: context).connect(states)
    case .checkpoints(let mix): return try CheckpointPass(mix, in: context).input(of: states)
    }
  }

  /// Joins the sum of the branches with the streams; uses `y` up.
  package func join(_ y: Matrix, _ input: StepInput, to states: Matrix) throws(QuantError) {
    if let norm = step.postNorm { try context.normalize(y, by: norm, into: y) }
    if let slot = step.outputCopy { context.layout.carried(slot, of: states).copy(from: y) }
    switch step.connection {
    case .residual:
      try addToFirst(y, of: states)
    case .correcting(let correction):
      try addToFirst(y, of: states)
      try StreamPass(context: context, states: states).correct(by: correction)
    case .others:
      for stream in 1..<max(1, context.layout.streams) {
        try context.add(y, times: step.scale, to: context.layout.stream(stream, of: states))
      }
    case .hyper(let graph):
      try HyperConnectionPass(graph, in: context).join(y, input, to: states)
    case .gated(let graph):
      try StreamGatePass(graph, in: context).join(y, input, to: states)
    case .checkpoints(let mix):
      // What was kept begins anew.
      if mix.keeps != nil { context.layout.stream(of: states).clear() }
      try addToFirst(y, of: states)
    }
  }

  private func addToFirst(_ y: Matrix, of states: Matrix) throws(QuantError) {
    let x = context.layout.stream(of: states)
    let before = step.secondOutputNorm == nil ? nil : x.copied()
    try context.add(y, times: step.scale, to: x)
    try context.scale(x, by: step.sumScale)
    if let norm = step.outputNorm { try context.normalize(x, by: norm, into: x) }
    if let norm = step.secondOutputNorm, let before {
      try context.add(before, times: 1, to: x)
      try context.normalize(x, by: norm, into: x)
    }
  }
}
