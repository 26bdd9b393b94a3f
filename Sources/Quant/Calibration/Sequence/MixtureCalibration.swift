// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// Has the matrices of a mixture calibrated: what narrows the experts' input, the experts, what widens
/// their sum, and the network that all tokens pass.
struct MixtureCalibration {
  /// What one model has of the mixture, for all tokens.
  struct Part {
    let model: WalkedModel
    let plain: ExpertLayerPass
    let watched: ExpertLayerPass
    /// What goes into it.
    let h: Matrix
    /// By the model's own router.
    let routing: Routing
  }

  private let walk: SequentialCalibration
  private let parts: WalkedPair<Part>
  private var graph: MixtureGraph { parts.whole.plain.graph }

  /// Prepares the mixture of a branch.
  init(_ walk: SequentialCalibration, _ branch: WalkedBranch) throws(QuantError) {
    self.walk = walk
    parts = try branch.steps.map { step throws(QuantError) in
      guard let plain = step.plain.mixture(branch.index),
        let watched = step.watched.mixture(branch.index)
      else {
        throw .mismatch(
          file: step.model.evaluator.model.path,
          what: "layer \(step.layer): expected experts, as the other model has")
      }
      let input = try step.normed(branch.index)
      return Part(
        model: step.model, plain: plain, watched: watched, h: input.h,
        routing: try plain.routing(input))
    }
  }

  func run() throws(QuantError) {
    if let latent = graph.latent, isPending(latent.down) {
      try BlockCalibration(walk) { model, rows, _ throws(QuantError) in
        let part = part(of: model)
        return try part.watched.narrowed(part.h.rows(rows))
      }.run()
    }
    let narrow = try parts.map { part throws(QuantError) in try part.plain.narrowed(part.h) }
    try ExpertCalibration(
      walk,
      WalkedPair(
        whole: .init(pass: parts.whole.plain, x: narrow.whole),
        quantized: .init(pass: parts.quantized.plain, x: narrow.quantized)),
      parts.quantized.routing
    ).run()
    if let latent = graph.latent, isPending(latent.up) { try calibrateWidening(narrow) }
    guard graph.shared != nil else { return }
    try BlockCalibration(walk) { model, rows, _ throws(QuantError) in
      let (part, y) = (part(of: model), Matrix(rows: rows.count, columns: model.graph.width))
      guard let shared = part.plain.graph.shared else { return y }
      try FeedForwardPass(context: model.watched, graph: shared).run(part.h.rows(rows), into: y)
      return y
    }.run()
  }

  private func calibrateWidening(_ narrow: WalkedPair<Matrix>) throws(QuantError) {
    let sums = WalkedPair(
      whole: try parts.whole.plain.expertSum(narrow.whole, parts.whole.routing),
      quantized: try parts.quantized.plain.expertSum(narrow.quantized, parts.quantized.routing))
    try BlockCalibration(walk) { model, rows, _ throws(QuantError) in
      let y = Matrix(rows: rows.count, columns: model.graph.width)
      y.clear()
      let sum = model === walk.whole ? sums.whole : sums.quantized
      try part(of: model).watched.addWidened(sum.rows(rows), to: y)
      return y
    }.run()
  }

  private func part(of model: WalkedModel) -> Part {
    model === walk.whole ? parts.whole : parts.quantized
  }

  private func isPending(_ linear: Linear) -> Bool {
    walk.pairs.isPending(MatrixKey(tensor: linear.tensor.name, matrix: 0))
  }
}
