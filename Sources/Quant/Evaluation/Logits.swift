// SPDX-License-Identifier: MIT

extension Evaluator {
  /// Computes the logits at every position of one window.
  ///
  /// - Parameter tokens: The window.
  /// - Returns: A row a token, a column an entry of the vocabulary.
  /// - Throws: `QuantError` for tokens that the model does not have, weights that cannot be read, or
  ///   too little memory.
  /// - Complexity: Memory for all logits at once.
  public func logits(_ tokens: [Int32]) throws(QuantError) -> Matrix {
    let logits = Matrix(rows: tokens.count, columns: graph.vocabulary)
    guard !tokens.isEmpty else { return logits }
    let head = OutputHead(self)
    try run(tokens, length: tokens.count) { (_, states) throws(QuantError) in
      try head.logits(states, into: logits)
    }
    return logits
  }
}
