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
