// SPDX-License-Identifier: MIT
public import QuantModels

extension Evaluator {
  /// Computes the logits at every position of one window; of a model with a decoder behind an encoder, as
  /// if it had answered the window with the window itself.
  ///
  /// - Parameter tokens: The window.
  /// - Returns: A row a token, a column an entry of the vocabulary.
  /// - Throws: `QuantError` for a window longer than the context length, tokens that the model does not
  ///   have, weights that cannot be read, or too little memory.
  /// - Complexity: Memory for all logits at once.
  public func logits(_ tokens: [Int32]) throws(QuantError) -> Matrix {
    let logits = Matrix(rows: tokens.count, columns: graph.vocabulary)
    guard !tokens.isEmpty else { return logits }
    try checkHasLogits()
    try check(windowLength: tokens.count)
    _ = try plan(windows: 1, length: tokens.count)
    let states = try states(tokens, length: tokens.count, chunk: 1)
    try OutputHead(graph, context(windowLength: tokens.count)).logits(states, into: logits)
    let finite = FiniteCheck(self, tokens, length: tokens.count)
    try finite.check(logits, from: .output)
    return logits
  }

  /// Computes the states of one window behind the last norm: what an encoder is for.
  ///
  /// - Parameter tokens: The window.
  /// - Returns: A row a token.
  /// - Throws: `QuantError` for a window longer than the context length, tokens that the model does not
  ///   have, weights that cannot be read, or too little memory.
  public func hiddenStates(_ tokens: [Int32]) throws(QuantError) -> Matrix {
    guard !tokens.isEmpty else { return Matrix(rows: 0, columns: graph.width) }
    try check(windowLength: tokens.count)
    _ = try plan(windows: 1, length: tokens.count)
    return try states(tokens, length: tokens.count, chunk: 1)
  }
}
