// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// What a walk costs, in products of two numbers, to which the time is about proportional.
struct CalibrationWork {
  private let tokens: Int
  private let passes: EvaluationWork

  /// Both models are taken through a step.
  private static let models = 2
  /// About how many products a weight and column choosing codes takes.
  private static let encoding = 8

  init(_ graph: ModelGraph, tokens: Int) {
    self.tokens = tokens
    passes = EvaluationWork(graph)
  }

  /// A step, without its matrices.
  func step(_ index: Int, layer: Int) -> Int { passes.steps[layer][index] * tokens * Self.models }

  /// Choosing the codes of a matrix. Moments are left out: which matrices share them is not known before.
  func matrix(_ pair: CalibratedMatrix) -> Int {
    Self.encoding * pair.weights * pair.columns
  }

  /// All of it.
  func total(_ pairs: MatrixPairs) -> Int {
    pairs.pending.reduce(passes.layers * tokens * Self.models) { $0 + matrix($1.pair) }
  }
}
