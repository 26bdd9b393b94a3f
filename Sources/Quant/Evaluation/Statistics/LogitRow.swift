// SPDX-License-Identifier: MIT
internal import BlockFormats

/// What two rows of logits, a base's and a variant's, say about the same token.
public struct TokenDivergence: Sendable, Equatable {
  /// Σ p ln(p / q), p being the base's probabilities and q the variant's.
  ///
  /// Rounding may leave it below zero by some 1e-7; for two equal rows it is zero.
  public var divergence: Double
  /// -ln p of the token that follows in the text.
  public var baseLoss: Double
  /// -ln q of the same token.
  public var variantLoss: Double
  /// Whether both find the same token most probable.
  public var isSameTop: Bool

  /// Makes one of its parts.
  public init(divergence: Double, baseLoss: Double, variantLoss: Double, isSameTop: Bool) {
    self.divergence = divergence
    self.baseLoss = baseLoss
    self.variantLoss = variantLoss
    self.isSameTop = isSameTop
  }

  /// q - p of the token that follows: above zero where the variant does better.
  public var probabilityDifference: Double {
    Elementary.exponential(-variantLoss) - Elementary.exponential(-baseLoss)
  }
}

/// Reductions of rows of logits, one value for each token of the vocabulary: spans become pointers here.
///
/// Exponentials are single-precision, with an error of 1.1e-7 of each; sums go on in double precision every
/// 4,096 of them. Results do not depend on the kernels' level.
public enum LogitRow {
  /// -ln of the probability of a token: ln Σ e^x - x of the token.
  ///
  /// NaN among the logits, or +∞, gives NaN.
  ///
  /// - Parameters:
  ///   - target: The token.
  ///   - logits: The row.
  /// - Returns: The loss in nats.
  /// - Precondition: The row has that token and fewer than 2²⁴.
  /// - Complexity: O(*n*), two passes.
  public static func loss(of target: Int, in logits: Span<Float>) -> Double {
    precondition(logits.indices.contains(target) && logits.count < 1 << 24)
    let (peak, sum) = unsafe logits.withUnsafeBytes { row in
      unsafe withScratch { scratch in
        guard let first = row.baseAddress else { return (0 as Float, 0.0) }
        let peak = unsafe KernelTable.current.layers.peak(first, logits.count, scratch).value
        return (peak, unsafe KernelTable.current.layers.sum(first, logits.count, peak, scratch))
      }
    }
    return Elementary.logarithm(sum) - (Double(logits[target]) - Double(peak))
  }

  /// Compares two rows of logits.
  ///
  /// - Parameters:
  ///   - base: The row to compare with.
  ///   - variant: The other row.
  ///   - target: The token that follows in the text.
  /// - Returns: The divergence and both losses; NaN where a logit is NaN or +∞.
  /// - Precondition: The rows have the same count, below 2²⁴, and that token.
  /// - Complexity: O(*n*), two passes over each.
  public static func compare(
    base: Span<Float>, variant: Span<Float>, target: Int
  ) -> TokenDivergence {
    precondition(base.count == variant.count)
    precondition(base.indices.contains(target) && base.count < 1 << 24)
    let (peaks, sums) = reduce(base, variant)
    let baseLog = Elementary.logarithm(sums.baseSum)
    let variantLog = Elementary.logarithm(sums.variantSum)
    return TokenDivergence(
      divergence: sums.weightedSum / sums.baseSum - (baseLog - variantLog),
      baseLoss: baseLog - (Double(base[target]) - Double(peaks.base.value)),
      variantLoss: variantLog - (Double(variant[target]) - Double(peaks.variant.value)),
      isSameTop: peaks.base.index == peaks.variant.index)
  }

  private static func reduce(
    _ base: Span<Float>, _ variant: Span<Float>
  ) -> (peaks: (base: RowPeak, variant: RowPeak), sums: RowDivergence) {
    unsafe base.withUnsafeBytes { base in
      unsafe variant.withUnsafeBytes { variant in
        unsafe withScratch { scratch in
          let count = base.count / 4
          guard let first = base.baseAddress, let second = variant.baseAddress else {
            let none = RowPeak(value: 0, index: 0)
            return ((none, none), RowDivergence())
          }
          let a = unsafe KernelTable.current.layers.peak(first, count, scratch)
          let b = unsafe KernelTable.current.layers.peak(second, count, scratch)
          let sums = unsafe KernelTable.current.layers.divergence(
            first, second, count, a.value, b.value, scratch)
          return ((a, b), sums)
        }
      }
    }
  }

  /// Runs a body with the two vectors of memory that the kernels ask for.
  private static func withScratch<R>(_ body: (UnsafeMutableRawPointer) -> R) -> R {
    unsafe withUnsafeTemporaryAllocation(byteCount: 128, alignment: 64) { buffer in
      // A buffer of 128 bytes has an address.
      guard let first = buffer.baseAddress else { preconditionFailure("no memory") }
      return unsafe body(first)
    }
  }
}
