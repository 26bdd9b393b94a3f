// SPDX-License-Identifier: MIT

/// How a variant of a model differs from its base: the figures that llama-perplexity gives.
///
/// Errors are standard errors over tokens. Those of ratio and difference take into account that both
/// models were measured on the same text: their losses rise and fall together.
public struct DivergenceSummary: Sendable, Equatable, Encodable {
  /// Tokens counted.
  public let tokenCount: Int
  /// The base's perplexity.
  public let basePerplexity: MeasuredValue
  /// The variant's perplexity.
  public let variantPerplexity: MeasuredValue
  /// The correlation of the logarithms of both, from -1 to 1; NaN where one of them does not vary.
  public let correlation: Double
  /// ln(variant's perplexity / base's).
  public let logRatio: MeasuredValue
  /// Variant's perplexity / base's.
  public let ratio: MeasuredValue
  /// Variant's perplexity - base's.
  public let difference: MeasuredValue
  /// The mean of the Kullback-Leibler divergence of base and variant, in nats.
  public let meanDivergence: MeasuredValue
  /// Its distribution over tokens.
  public let divergence: Distribution
  /// The mean change of the probability of the token that follows in the text, from -1 to 1.
  public let meanProbabilityDifference: MeasuredValue
  /// The root of the mean square of that change.
  public let rootMeanSquareDifference: MeasuredValue
  /// The distribution of the change over tokens.
  public let probabilityDifference: Distribution
  /// The share of tokens for which both models find the same token most probable, from 0 to 1.
  public let sameTop: MeasuredValue

  /// Puts the figures together, from the models' mean losses and the covariance of these means, and
  /// from the means of the probability differences and of their squares.
  init(
    tokenCount: Int, base: MeasuredValue, variant: MeasuredValue, covariance: Double,
    divergence: MeasuredValue, divergences: Distribution, difference: MeasuredValue,
    squaredDifference: MeasuredValue, differences: Distribution, sameTop: MeasuredValue
  ) {
    let basePerplexity = Elementary.exponential(base.value)
    let variantPerplexity = Elementary.exponential(variant.value)
    let ratio = Elementary.exponential(variant.value - base.value)
    // The variances of x·a - y·b, for the relative errors a and b of the two perplexities.
    let error = { (x: Double, y: Double) in
      let a = x * variant.error
      let b = y * base.error
      return max(0, a * a + b * b - 2 * x * y * covariance).squareRoot()
    }
    self.tokenCount = tokenCount
    self.basePerplexity = MeasuredValue(basePerplexity, error: basePerplexity * base.error)
    self.variantPerplexity = MeasuredValue(
      variantPerplexity, error: variantPerplexity * variant.error)
    correlation = covariance / (base.error * variant.error)
    logRatio = MeasuredValue(variant.value - base.value, error: error(1, 1))
    self.ratio = MeasuredValue(ratio, error: ratio * error(1, 1))
    self.difference = MeasuredValue(
      variantPerplexity - basePerplexity, error: error(variantPerplexity, basePerplexity))
    meanDivergence = divergence
    self.divergence = divergences
    meanProbabilityDifference = difference
    let root = squaredDifference.value.squareRoot()
    rootMeanSquareDifference = MeasuredValue(
      root, error: root > 0 ? squaredDifference.error / (2 * root) : 0)
    probabilityDifference = differences
    self.sameTop = sameTop
  }
}
