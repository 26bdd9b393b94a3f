// SPDX-License-Identifier: MIT

/// The working memory of error feedback with a codebook: a part of `FeedbackPart.scratch`.
@usableFromInline
struct GridFeedbackMemory {
  /// Of a group: what its weights are to reach.
  @usableFromInline let wanted: UnsafeMutablePointer<Lanes>
  /// Of a group: likewise, in units of the scale.
  @usableFromInline let targets: UnsafeMutablePointer<Lanes>
  /// Of a group: D · that.
  @usableFromInline let goals: UnsafeMutablePointer<Lanes>
  /// Of an entry, in the place that it has in the group: likewise, the other entry being what it is.
  @usableFromInline let linear: UnsafeMutablePointer<Lanes>
  /// Of a group: the values found so far.
  @usableFromInline let values: UnsafeMutablePointer<Lanes>
  /// Of a group: others.
  @usableFromInline let others: UnsafeMutablePointer<Lanes>
  /// Of a group: half the slope of the cost at the values.
  @usableFromInline let slopes: UnsafeMutablePointer<Lanes>
  /// Of an entry: signs, magnitudes, -2 b · sign.
  @usableFromInline let signs: UnsafeMutablePointer<Lanes>
  @usableFromInline let magnitudes: UnsafeMutablePointer<Lanes>
  @usableFromInline let pulls: UnsafeMutablePointer<Lanes>
  /// Of an entry: 2 D_ij · both signs, [8][8] above the diagonal.
  @usableFromInline let products: UnsafeMutablePointer<Lanes>
  /// Of an entry: the costs of quarters and of halves.
  @usableFromInline let quarterCosts: UnsafeMutablePointer<Lanes>
  @usableFromInline let firstCosts: UnsafeMutablePointer<Lanes>
  @usableFromInline let secondCosts: UnsafeMutablePointer<Lanes>
  /// Of an entry: what quarters of the first half multiply weights of the second by.
  @usableFromInline let heads: UnsafeMutablePointer<Lanes>
  @usableFromInline let tails: UnsafeMutablePointer<Lanes>
  /// Of an entry: what the first half of each run multiplies weights of the second by.
  @usableFromInline let runProducts: UnsafeMutablePointer<Lanes>
  /// One vector.
  @usableFromInline let spare: UnsafeMutablePointer<Lanes>
  /// Two costs that are compared.
  @usableFromInline let costs: UnsafeMutablePointer<Lanes>
  /// Of two entries whose signs are tied: 16 numbers of their metric's upper left quarter, the lower right
  /// one being free, and 16 that say how the second entry answers to the first.
  @usableFromInline let reduced: UnsafeMutablePointer<Float>

  /// Vectors that `init(at:)` divides up.
  @usableFromInline static let count =
    7 * 8 + 3 * 8 + 64 + 4 * 9 + 2 * 81 + 2 * 36 + 4 * 81 + 1 + 2 + 2

  @inlinable @inline(always)
  init(at base: UnsafeMutablePointer<Lanes>) {
    wanted = base
    targets = base + 8
    goals = base + 16
    linear = base + 24
    values = base + 32
    others = base + 40
    slopes = base + 48
    signs = base + 56
    magnitudes = base + 64
    pulls = base + 72
    products = base + 80
    quarterCosts = base + 144
    firstCosts = base + 180
    secondCosts = base + 261
    heads = base + 342
    tails = base + 378
    runProducts = base + 414
    spare = base + 738
    costs = base + 739
    reduced = UnsafeMutableRawPointer(base + 741).assumingMemoryBound(to: Float.self)
  }
}
