// SPDX-License-Identifier: MIT
internal import QuantEvaluation
internal import QuantModels

/// One of the models that go through the layers side by side.
final class WalkedModel {
  let evaluator: Evaluator
  /// A row a token, as they are where the walk is.
  let states: Matrix
  /// For products that nobody looks at.
  let plain: ForwardContext
  /// For products whose inputs are caught.
  let watched: ForwardContext
  let catcher = InputCatcher()
  private let tokens: [Int32]
  private let length: Int

  var graph: ModelGraph { evaluator.graph }

  /// Begins with the embeddings of a text.
  ///
  /// Throws `QuantError` for tokens that the model does not have, or weights that cannot be read.
  init(_ evaluator: Evaluator, _ windows: EvaluationWindows) throws(QuantError) {
    self.evaluator = evaluator
    tokens = windows.tokens
    length = windows.length
    states = try evaluator.embed(windows.tokens, windowLength: windows.length)
    plain = evaluator.context(windowLength: windows.length)
    watched = evaluator.context(windowLength: windows.length, observer: catcher)
  }

  /// A layer.
  func layer(_ index: Int, chunk: Int, isWatched: Bool) -> LayerPass {
    let first = evaluator.options.firstPosition
    return LayerPass(
      context: isWatched ? watched : plain, graph: graph.layers[index], layer: index,
      positions: first..<first + length, chunk: chunk)
  }

  /// Refuses states that are not finite.
  func check(from place: FiniteCheck.Place) throws(QuantError) {
    try check(states, from: place)
  }

  /// The states as the output matrix takes them.
  func normedOutput() throws(QuantError) -> Matrix {
    let normed = try evaluator.normedOutput(of: states, plain)
    try check(normed, from: .output)
    return normed
  }

  private func check(_ states: Matrix, from place: FiniteCheck.Place) throws(QuantError) {
    try FiniteCheck(evaluator, tokens, length: length).check(states, from: place)
  }
}

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
  func normed(_ branch: Int) throws(QuantError) -> BlockInput {
    try plain.normed(branch, input, model.states, keeps: false)
  }

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
