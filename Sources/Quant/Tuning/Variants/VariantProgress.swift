// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
public import QuantModels

/// How far a step of measuring variants is.
public struct VariantProgress: Sendable {
  /// The steps: the model itself is measured once, each variant is written and measured.
  public enum Step: Sendable {
    case measuringModel, writing, measuring
  }
  /// Which.
  public let step: Step
  /// The variant, counted from 1; 0 before the first.
  public let variant: Int
  /// How much of the step is done.
  public let done: Int
  /// All of it.
  public let total: Int
}

extension VariantMeasurer {
  /// Products of a weight with a number that take as long as encoding one, for the types that most
  /// variants are of.
  private static let encodingCost = 500

  /// About how much of the time for writing and measuring a variant goes to writing it, from 0 to 1.
  ///
  /// Throws `QuantError.unsupported` for a model that cannot be evaluated.
  public func writingShare() throws(QuantError) -> Double {
    var products = 0
    for text in texts {
      let (windows, cost) = (text.windows, EvaluationWork(try evaluator(source, text).graph))
      // Outputs of the variant and of the model.
      let outputs = 2 * cost.output * windows.counted.count
      products += windows.count * (cost.layers * windows.length + outputs)
    }
    let encoding =
      Double(Self.encodingCost) * source.tensors.reduce(0) { $0 + Double($1.weightCount) }
    return encoding / max(1, encoding + Double(products))
  }
}
