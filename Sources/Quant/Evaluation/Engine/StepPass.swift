// SPDX-License-Identifier: MIT
package import QuantModels

/// One step of a layer: its branches over the states of a segment, and their sum added to these.
package struct StepPass {
  package let step: LayerStep
  let pass: LayerPass
  private let blocks: [(any BlockPass)?]
  package var context: ForwardContext { pass.context }

  init(_ step: LayerStep, of pass: LayerPass) throws(QuantError) {
    self.step = step
    self.pass = pass
    blocks = try step.branches.map { branch throws(QuantError) in
      try branch.block.pass(positions: pass.positions, in: pass.context)
    }
  }

  /// The same, with some weights in another type.
  package func substituting(_ substitution: WeightSubstitution) throws(QuantError) -> StepPass {
    try StepPass(
      step,
      of: LayerPass(
        context: context.substituting(substitution), graph: pass.graph, layer: pass.layer,
        positions: pass.positions, chunk: pass.chunk))
  }

  /// Numbers that a row needs for as long as the step is worked on: experts see all rows of a segment at
  /// once, so that each is decoded as seldom as can be.
  package static func segmentColumns(_ step: LayerStep, width: Int) -> Int {
    guard step.hasExperts else { return 0 }
    let latent = step.branches.compactMap(\.block.mixture?.latent?.width).max() ?? 0
    return (isDirect(step) ? 1 : 2 + step.branches.count) * width + 2 * latent
  }

  /// Numbers that a row of a chunk needs: input and output of a branch, what it needs itself, the sum of
  /// branches, and what is made of streams.
  static func chunkColumns(_ step: LayerStep, width: Int, streams: Int) -> Int {
    let blocks = step.branches.map(\.block.scratchColumns).max() ?? 0
    let isPlain = if case .residual = step.connection { true } else { false }
    let sums = step.branches.count > 1 ? 1 : 0
    return (2 + sums + (isPlain ? 0 : 1 + 2 * streams)) * width + blocks
  }

  /// Whether the step is nothing but experts whose outputs can be added to the states one by one.
  package static func isDirect(_ step: LayerStep) -> Bool {
    guard case .residual = step.connection else { return false }
    return step.branches.count == 1 && step.hasExperts && step.postNorm == nil
      && step.branches[0].postNorm == nil && step.sumScale == 1 && step.outputNorm == nil
      && step.secondOutputNorm == nil && step.outputCopy == nil
  }

  /// Takes states through the step.
  package func run(_ states: Matrix) throws(QuantError) {
    guard !step.hasExperts else { return try runWhole(states) }
    for start in stride(from: 0, to: states.rows, by: pass.chunk) {
      try runWhole(states.rows(start..<min(start + pass.chunk, states.rows)))
    }
  }

  private func runWhole(_ states: Matrix) throws(QuantError) {
    let input = try connect(states)
    if Self.isDirect(step), let mixture = mixture(0) {
      let block = try normed(0, input, states, keeps: true)
      let branch = step.branches[0]
      return try mixture.run(block, addingTo: input.x, scale: step.scale * branch.scale)
    }
    let y = try output(0, input, states)
    try finish(0, y)
    for index in step.branches.indices.dropFirst() {
      let other = try output(index, input, states)
      try finish(index, other)
      try context.add(other, times: 1, to: y)
    }
    try join(y, input, to: states)
  }

  /// The experts of a branch.
  package func mixture(_ branch: Int) -> ExpertLayerPass? {
    step.branches[branch].block.mixture.map {
      ExpertLayerPass(context: context, graph: $0, layer: pass.layer, chunk: pass.chunk)
    }
  }

  /// What goes into a branch.
  package func normed(
    _ index: Int, _ input: StepInput, _ states: Matrix, keeps: Bool
  ) throws(QuantError) -> BlockInput {
    let branch = step.branches[index]
    let source = branch.source.map { context.layout.carried($0, of: states) } ?? input.x
    guard let norm = branch.norm ?? step.norm else {
      return BlockInput(h: source, raw: input.x, states: states, keeps: keeps)
    }
    let h = Matrix(rows: source.rows, columns: source.columns)
    try context.normalize(source, by: norm, into: h)
    return BlockInput(h: h, raw: input.x, states: states, keeps: keeps)
  }

  /// What a branch gives, before its norm.
  ///
  /// - Parameters:
  ///   - index: The branch.
  ///   - input: The step's input.
  ///   - states: The states that it is of.
  ///   - keeps: Whether what it keeps for later layers is written into these.
  /// - Returns: A row a token.
  /// - Throws: `QuantError` for weights that cannot be read.
  package func output(
    _ index: Int, _ input: StepInput, _ states: Matrix, keeps: Bool = true
  ) throws(QuantError) -> Matrix {
    let y = Matrix(rows: states.rows, columns: context.layout.width)
    if let mixture = mixture(index) {
      y.clear()
      try mixture.run(
        try normed(index, input, states, keeps: keeps), addingTo: y, scale: 1)
      return y
    }
    for start in stride(from: 0, to: states.rows, by: pass.chunk) {
      let rows = start..<min(start + pass.chunk, states.rows)
      let part = try normed(index, input.rows(rows), states.rows(rows), keeps: keeps)
      try blocks[index]?.run(part, into: y.rows(rows))
    }
    return y
  }

  /// The norm and the factor of a branch, in place.
  package func finish(_ index: Int, _ y: Matrix) throws(QuantError) {
    let branch = step.branches[index]
    if let norm = branch.postNorm { try context.normalize(y, by: norm, into: y) }
    try context.scale(y, by: branch.scale)
  }
}

extension LayerStep {
  /// Whether one of its branches has experts.
  package var hasExperts: Bool { branches.contains { $0.block.mixture != nil } }
}
