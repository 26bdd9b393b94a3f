// SPDX-License-Identifier: MIT
public import QuantEvaluation

/// What one text said about a variant.
public struct TextResult: Sendable, Codable {
  /// The text.
  public let corpus: String
  /// The variant's perplexity.
  public let perplexity: MeasuredValue
  /// The variant's perplexity over the model's.
  public let perplexityRatio: MeasuredValue
  /// The Kullback-Leibler divergence from the model, in nats per token.
  public let divergence: MeasuredValue
}

extension [TextResult] {
  /// The mean divergence over the texts, in nats per token; zero without texts.
  var meanDivergence: Double {
    reduce(0) { $0 + $1.divergence.value } / Double(Swift.max(1, count))
  }
}

extension TextResult {
  /// Makes the result of a text.
  package init(
    on corpus: String, perplexity: MeasuredValue, ratio: MeasuredValue, divergence: MeasuredValue
  ) {
    self.init(
      corpus: corpus, perplexity: perplexity, perplexityRatio: ratio, divergence: divergence)
  }
}
