// SPDX-License-Identifier: MIT
internal import QuantEvaluation
internal import QuantModels

/// Takes both models through one step of a layer, and has its matrices calibrated on the way.
struct StepCalibration {
  private let walk: SequentialCalibration
  private let layer: Int
  private let step: Int

  init(_ walk: SequentialCalibration, layer: Int, step: Int) {
    self.walk = walk
    self.layer = layer
    self.step = step
  }

  func run() throws(QuantError) {
    let chunk = walk.plan.chunk
    guard walk.pairs.isPending(layer: layer, step: step) else {
      for model in [walk.whole, walk.quantized] {
        try model.layer(layer, chunk: chunk, isWatched: false).step(step).run(model.states)
      }
      return
    }
    let steps = try WalkedPair(walk) { model throws(QuantError) in
      try WalkedStep(model, layer: layer, step: step, chunk: chunk)
    }
    for branch in walk.whole.graph.layers[layer].steps[step].branches.indices
    where walk.pairs.isPending(layer: layer, step: step, branch: branch) {
      try calibrate(WalkedBranch(steps: steps, index: branch))
    }
    try steps.whole.finish()
    try steps.quantized.finish()
  }

  private func calibrate(_ branch: WalkedBranch) throws(QuantError) {
    switch branch.block(of: walk.whole) {
    case .mixture: try MixtureCalibration(walk, branch).run()
    case .groupExperts(let group): try calibrate(group, branch)
    default:
      try BlockCalibration(walk) { model, rows, keeps throws(QuantError) in
        try branch.watched(rows, of: model, keeps: keeps)
      }.run(for: branch)
    }
  }

  private func calibrate(
    _ group: GroupExpertsGraph, _ branch: WalkedBranch
  ) throws(QuantError) {
    let parts = try branch.steps.map { step throws(QuantError) in
      let (model, graph) = (step.model, branch.block(of: step.model).groupExperts ?? group)
      let logits = model.plain.layout.carried(graph.logits, of: model.states)
      let y = Matrix(rows: model.states.rows, columns: model.graph.width)
      y.clear()
      return ExpertCalibration.Part(
        pass: ExpertLayerPass(
          context: model.plain, graph: graph.mixture, layer: layer, chunk: walk.plan.chunk),
        x: try step.normed(branch.index, keeps: true).h,
        routing: try Routing(logits, graph, model.evaluator.workers), y: y, scale: 1)
    }
    try ExpertCalibration(walk, parts).run()
    let rows = 0..<walk.text.count
    try branch.deliver(parts.whole.y, rows, of: walk.whole)
    try branch.deliver(parts.quantized.y, rows, of: walk.quantized)
  }
}

extension BlockGraph {
  /// The experts that groups share, if it has any.
  fileprivate var groupExperts: GroupExpertsGraph? {
    if case .groupExperts(let graph) = self { graph } else { nil }
  }
}
