// SPDX-License-Identifier: MIT

/// What a format asks of a search.
public struct SearchShape: Sendable {
  /// Weights of a sub-block: 16 or 32.
  public var weights: Int
  /// Sub-blocks that share half-precision scales: 1, 8 or 16.
  public var subBlocks: Int
  /// Affine: the largest quant. Symmetric: how many quants lie below zero, one more than above.
  public var levels: Float
  /// The largest stored scale of a sub-block (symmetric: how many lie below zero); unused where
  /// each sub-block has its own half.
  public var codes: Float
  /// The ladder of trial scales: how many levels the range of the weights is first taken to span,
  /// less `levels`.
  public var firstStep: Float
  /// The last of the ladder.
  public var lastStep: Float
  /// Rungs of the ladder.
  public var steps: Int
  /// Whether each rung is tried from both sides: affine, anchored at either end of the range;
  /// symmetric, with the extreme weight at either end of the quants.
  public var bothSides: Bool
  /// How often the best fit's own scale is rounded with, and fitted again.
  public var refits: Int
  /// How often the stored scale of each sub-block is tried with its neighbours, weights being
  /// rounded anew; before each time but the first, the block's halves are fitted to what is there.
  public var rounds: Int
  /// How many times a sub-block's mean magnitude is added to a weight's own in what an error at the
  /// weight counts for: see `loadGroup`.
  public var evenness: Float = 3
  /// What part of the sub-block's root mean square that mean is taken for at least: see `loadGroup`.
  public var leastMean: Float = 0
  /// Whether importance counts by its power of ¾ only: see `loadGroup`.
  public var dampsImportance = false

  /// Describes a search.
  public init(
    weights: Int, subBlocks: Int = 1, levels: Float, codes: Float = 0,
    firstStep: Float, lastStep: Float, steps: Int, bothSides: Bool, refits: Int = 0,
    rounds: Int = 0
  ) {
    self.weights = weights
    self.subBlocks = subBlocks
    self.levels = levels
    self.codes = codes
    self.firstStep = firstStep
    self.lastStep = lastStep
    self.steps = steps
    self.bothSides = bothSides
    self.refits = refits
    self.rounds = rounds
  }

  /// How many levels rung `index` spans.
  @inlinable @inline(always)
  func span(_ index: Int) -> Float {
    levels + firstStep + Float(index) * ((lastStep - firstStep) / Float(max(steps - 1, 1)))
  }
}
