// SPDX-License-Identifier: MIT
internal import QuantEvaluation
internal import QuantModels

/// One model's way through one step of a layer.
final class WalkedStep {
  let model: WalkedModel
  let layer: Int
  let plain: StepPass
  let watched: StepPass
  /// What goes into the step, for all tokens.
  let input: StepInput
  /// What branches gave that are done, where there are several.
  private var outputs: [Matrix?]
  private var isJoined = false

  private var branches: [StepBranch] { plain.step.branches }

  /// Prepares a step, which the states do not change while it lasts.
  init(
    _ model: WalkedModel, layer: Int, step: Int, chunk: Int
  ) throws(QuantError) {
    self.model = model
    self.layer = layer
    plain = try model.layer(layer, chunk: chunk, isWatched: false).step(step)
    watched = try model.layer(layer, chunk: chunk, isWatched: true).step(step)
    input = try plain.connect(model.states)
    outputs = plain.step.branches.map { _ in nil }
  }

  /// What a branch gives for some rows.
  func output(
    _ branch: Int, _ rows: Range<Int>, isWatched: Bool, keeps: Bool
  ) throws(QuantError) -> Matrix {
    try (isWatched ? watched : plain).output(
      branch, input.rows(rows), model.states.rows(rows), keeps: keeps)
  }

  /// What goes into a branch.
  func normed(_ branch: Int, keeps: Bool) throws(QuantError) -> BlockInput {
    try plain.normed(branch, input, model.states, keeps: keeps)
  }

  /// Whether that is another matrix than the states.
  func isNormed(_ branch: Int) -> Bool { (branches[branch].norm ?? plain.step.norm) != nil }

  /// Takes what a branch gives for some rows; the branch is not asked for it again.
  ///
  /// Where there is no other branch, the rows' states are those behind the step afterwards.
  func deliver(_ y: Matrix, of branch: Int, _ rows: Range<Int>) throws(QuantError) {
    guard branches.count > 1 else {
      isJoined = true
      try plain.finish(branch, y)
      return try plain.join(y, input.rows(rows), to: model.states.rows(rows))
    }
    let all = outputs[branch] ?? Matrix(rows: model.states.rows, columns: y.columns)
    all.rows(rows).copy(from: y)
    outputs[branch] = all
  }

  /// Where the experts of a branch add what they give: to the states themselves, if the step does.
  func mixtureTarget(_ branch: Int) -> MixtureTarget {
    let isDirect = StepPass.isDirect(plain.step)
    guard !isDirect else {
      return MixtureTarget(
        y: input.x, scale: plain.step.scale * branches[branch].scale, isDirect: true)
    }
    let y = Matrix(rows: model.states.rows, columns: model.graph.width)
    y.clear()
    return MixtureTarget(y: y, scale: 1, isDirect: false)
  }

  /// Takes what experts gave for all tokens.
  func deliver(_ target: MixtureTarget, of branch: Int) throws(QuantError) {
    guard target.isDirect else {
      return try deliver(target.y, of: branch, 0..<model.states.rows)
    }
    isJoined = true
  }

  /// Takes the states through the step, as far as that is not done.
  func finish() throws(QuantError) {
    guard !isJoined else { return }
    guard branches.count > 1 else { return try plain.run(model.states) }
    let y = try done(0)
    try plain.finish(0, y)
    for branch in branches.indices.dropFirst() {
      let other = try done(branch)
      try plain.finish(branch, other)
      try model.plain.add(other, times: 1, to: y)
    }
    try plain.join(y, input, to: model.states)
  }

  /// What a branch gives for all rows.
  private func done(_ branch: Int) throws(QuantError) -> Matrix {
    if let output = outputs[branch] { return output }
    return try plain.output(branch, input, model.states)
  }
}

/// Where experts add what they give.
struct MixtureTarget {
  let y: Matrix
  /// The factor on it.
  let scale: Float
  /// Whether it is the states.
  let isDirect: Bool
}
