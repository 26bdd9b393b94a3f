// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// One bar over all texts that go through a model.
final class TextProgress: Sendable {
  private let progress: Progress
  /// Tokens of the texts that are still to come.
  private let rest: Locked<ArraySlice<Int>>

  /// Begins with the number of tokens of each text.
  init(_ tokens: [Int]) {
    progress = Progress("reading", total: tokens.reduce(0, +), unit: .items("tokens"))
    rest = Locked(tokens[...])
  }

  /// Begins the next text.
  func begin(_ name: String) {
    let tokens = rest.withLock { $0.popFirst() } ?? 0
    progress.begin(name, of: tokens)
  }

  /// Reports how far the text is: a layer of all tokens counts as its share of them.
  func update(_ step: EvaluationProgress) {
    progress.update(to: step.done, of: step.total, earlier: step.earlier)
  }

  /// Erases the bar.
  func finish() { progress.finish() }
}
