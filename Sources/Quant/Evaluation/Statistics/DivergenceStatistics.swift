// SPDX-License-Identifier: MIT

/// How a variant of a model differs from its base, token by token.
///
/// As with `PerplexityStatistics`, keep one value for each window and add these in order.
public struct DivergenceStatistics: Sendable, Equatable {
  /// The divergence of each token, in nats.
  public private(set) var divergences: [Float] = []
  /// The difference of the probabilities of each token that followed: variant less base.
  public private(set) var probabilityDifferences: [Float] = []

  private var divergence = Moments()
  private var base = Moments()
  private var variant = Moments()
  private var lossProducts = 0.0
  private var difference = Moments()
  private var squaredDifference = Moments()
  private var sameTop = 0

  /// Makes one without tokens.
  public init() {}

  /// The statistics of parts, in order.
  public init(_ parts: some Sequence<DivergenceStatistics>) {
    for part in parts { add(part) }
  }

  /// How many tokens there were.
  public var tokenCount: Int { divergences.count }

  /// Adds a token by the logits of its position, one for each token of the vocabulary.
  ///
  /// - Parameters:
  ///   - base: The base's logits.
  ///   - variant: The variant's.
  ///   - target: The token that followed.
  public mutating func add(base: Span<Float>, variant: Span<Float>, target: Int) {
    add(LogitRow.compare(base: base, variant: variant, target: target))
  }

  /// Adds a token.
  public mutating func add(_ token: TokenDivergence) {
    let change = token.probabilityDifference
    divergences.append(Float(token.divergence))
    probabilityDifferences.append(Float(change))
    divergence.add(token.divergence)
    base.add(token.baseLoss)
    variant.add(token.variantLoss)
    lossProducts += token.baseLoss * token.variantLoss
    difference.add(change)
    squaredDifference.add(change * change)
    sameTop += token.isSameTop ? 1 : 0
  }

  /// Adds what another part of the text gave.
  public mutating func add(_ other: DivergenceStatistics) {
    divergences += other.divergences
    probabilityDifferences += other.probabilityDifferences
    divergence.add(other.divergence)
    base.add(other.base)
    variant.add(other.variant)
    lossProducts += other.lossProducts
    difference.add(other.difference)
    squaredDifference.add(other.squaredDifference)
    sameTop += other.sameTop
  }

  /// All that is reported.
  ///
  /// - Complexity: O(*n* log *n*) in tokens.
  public var summary: DivergenceSummary {
    DivergenceSummary(
      tokenCount: tokenCount, base: base.mean, variant: variant.mean, covariance: covariance,
      divergence: divergence.mean, divergences: Distribution(divergences),
      difference: difference.mean, squaredDifference: squaredDifference.mean,
      differences: Distribution(probabilityDifferences), sameTop: sameTopShare)
  }

  /// The covariance of the two mean losses.
  private var covariance: Double {
    guard tokenCount > 1 else { return 0 }
    let count = Double(tokenCount)
    return (lossProducts / count - base.sum / count * (variant.sum / count)) / (count - 1)
  }

  /// The share of tokens with the same top, an error being that of a binomial share.
  private var sameTopShare: MeasuredValue {
    guard tokenCount > 0 else { return MeasuredValue(.nan, error: 0) }
    let share = Double(sameTop) / Double(tokenCount)
    guard tokenCount > 1 else { return MeasuredValue(share, error: 0) }
    return MeasuredValue(
      share, error: (share * (1 - share) / Double(tokenCount - 1)).squareRoot())
  }
}
