// SPDX-License-Identifier: MIT

/// The losses of tokens, -ln of the probability that a model gave to each, summed up to a perplexity.
///
/// Sums of floating-point numbers depend on their order. Keep one value for each window and add these in
/// the order of the windows: then the result does not depend on how many threads there were.
public struct PerplexityStatistics: Sendable, Equatable {
  private var losses = Moments()

  /// Makes one without tokens.
  public init() {}

  /// The statistics of parts, in order.
  public init(_ parts: some Sequence<PerplexityStatistics>) {
    for part in parts { add(part) }
  }

  /// How many tokens there were.
  public var tokenCount: Int { losses.count }

  /// The mean loss, in nats per token.
  public var meanLoss: MeasuredValue { losses.mean }

  /// e to the power of the mean loss, with the error that follows from the mean's.
  public var perplexity: MeasuredValue {
    let mean = losses.mean
    let value = Elementary.exponential(mean.value)
    return MeasuredValue(value, error: value * mean.error)
  }

  /// Adds a token's loss.
  public mutating func add(loss: Double) { losses.add(loss) }

  /// Adds a token by the logits of its position.
  ///
  /// - Parameters:
  ///   - logits: One for each token of the vocabulary.
  ///   - target: The token that followed.
  public mutating func add(logits: Span<Float>, target: Int) {
    losses.add(LogitRow.loss(of: target, in: logits))
  }

  /// Adds what another part of the text gave.
  public mutating func add(_ other: PerplexityStatistics) { losses.add(other.losses) }
}
