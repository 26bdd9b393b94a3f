// SPDX-License-Identifier: MIT
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How far second moments of few tokens are pulled towards something tame.
///
/// Held-out loss was measured at 0.3 to 9 tokens a column (design page of error feedback, "Over-fitting"):
/// below about 8, more damping than where text is plenty pays, and so do moments of all experts of a
/// layer mixed in.
struct Regularization: Equatable {
  /// λ: what is added to the diagonal, as a part of its mean.
  var damping: Double
  /// α: the part of the pooled moments, each taken per token.
  var pooling: Double

  /// The most damping that few tokens bring.
  private static let mostDamping = 0.3
  /// Below this damping there are tokens enough without those of other experts.
  private static let leastPooledDamping = 0.05
  /// Tokens a column that pooled moments are worth where there are next to none.
  private static let pooledTokens = 0.1

  /// Chooses.
  ///
  /// - Parameters:
  ///   - tokensPerColumn: Rows in the moments, by the number of columns.
  ///   - damping: The least damping, for plenty of tokens.
  ///   - isPooled: Whether there are pooled moments.
  init(tokensPerColumn: Double, damping: Double, isPooled: Bool) {
    let few = tokensPerColumn > 0 ? 0.3 * pow(tokensPerColumn, -0.6) : .infinity
    self.damping = max(damping, min(few, Self.mostDamping))
    pooling = 0
    guard isPooled, self.damping >= Self.leastPooledDamping else { return }
    pooling = max(
      min(self.damping, 0.3), Self.pooledTokens / (Self.pooledTokens + tokensPerColumn))
  }
}
