// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// Has the matrices of a mixture calibrated: what narrows the experts' input, the experts, what widens
/// their sum, and the network that all tokens pass. Then the step has the mixture's output.
struct MixtureCalibration {
  /// What one model has of the mixture, for all tokens.
  private struct Part {
    let step: WalkedStep
    let plain: ExpertLayerPass
    let watched: ExpertLayerPass
    /// What goes into it.
    let h: Matrix
    /// By the model's own router.
    let routing: Routing
    /// Takes what it gives.
    let target: MixtureTarget

    var model: WalkedModel { step.model }

    init(_ branch: WalkedBranch, _ step: WalkedStep) throws(QuantError) {
      guard let plain = step.plain.mixture(branch.index),
        let watched = step.watched.mixture(branch.index)
      else {
        throw .mismatch(
          file: step.model.evaluator.model.path,
          what: "layer \(step.layer): expected experts, as the other model has")
      }
      (self.step, self.plain, self.watched) = (step, plain, watched)
      let input = try step.normed(branch.index, keeps: true)
      routing = try plain.routing(input)
      target = step.mixtureTarget(branch.index)
      // Without a norm it is the states themselves, which may be the target, too.
      let isNormed = step.isNormed(branch.index)
      h = isNormed ? input.h : input.h.copied()
    }
  }

  private let walk: SequentialCalibration
  private let branch: WalkedBranch
  private let parts: WalkedPair<Part>
  private var graph: MixtureGraph { parts.whole.plain.graph }

  /// Prepares the mixture of a branch.
  init(_ walk: SequentialCalibration, _ branch: WalkedBranch) throws(QuantError) {
    self.walk = walk
    self.branch = branch
    parts = try branch.steps.map { step throws(QuantError) in try Part(branch, step) }
  }

  func run() throws(QuantError) {
    if graph.latent == nil {
      let experts = try parts.map { part throws(QuantError) in
        ExpertCalibration.Part(
          pass: part.plain, x: part.h, routing: part.routing, y: part.target.y,
          scale: part.target.scale)
      }
      // Before the experts change the states.
      let debts = try StateDebts(branch, walk)?.rows(0..<walk.text.count)
      try ExpertCalibration(walk, experts, debts: debts).run()
    } else {
      try calibrateLatent()
    }
    try calibrateShared()
    _ = try parts.map { part throws(QuantError) in
      try part.plain.addShared(part.h, to: part.target.y, scale: part.target.scale)
      try part.step.deliver(part.target, of: branch.index)
    }
  }

  private func calibrateLatent() throws(QuantError) {
    try BlockCalibration(walk) { model, rows, _ throws(QuantError) in
      let part = part(of: model)
      return try part.watched.narrowed(part.h.rows(rows))
    }.run()
    let experts = try parts.map { part throws(QuantError) in
      let narrow = try part.plain.narrowed(part.h)
      let sum = Matrix(rows: narrow.rows, columns: narrow.columns)
      sum.clear()
      return ExpertCalibration.Part(
        pass: part.plain, x: narrow, routing: part.routing, y: sum, scale: 1)
    }
    try ExpertCalibration(walk, experts).run()
    let sums = try experts.map { part throws(QuantError) in part.y }
    try BlockCalibration(walk) { model, rows, _ throws(QuantError) in
      let y = Matrix(rows: rows.count, columns: model.graph.width)
      y.clear()
      let sum = model === walk.whole ? sums.whole : sums.quantized
      try part(of: model).watched.addWidened(sum.rows(rows), to: y)
      return y
    }.run()
    for (part, sum) in [(parts.whole, sums.whole), (parts.quantized, sums.quantized)] {
      try part.plain.addWidened(sum, to: part.target.y, scale: part.target.scale)
    }
  }

  private func calibrateShared() throws(QuantError) {
    guard graph.shared != nil else { return }
    try BlockCalibration(walk) { model, rows, _ throws(QuantError) in
      let (part, y) = (part(of: model), Matrix(rows: rows.count, columns: model.graph.width))
      guard let shared = part.plain.graph.shared else { return y }
      try FeedForwardPass(context: model.watched, graph: shared).run(part.h.rows(rows), into: y)
      return y
    }.run()
  }

  private func part(of model: WalkedModel) -> Part {
    model === walk.whole ? parts.whole : parts.quantized
  }
}
