// SPDX-License-Identifier: MIT

/// A codebook of groups of weights, laid out for searching.
///
/// Each entry is cut into two halves. There are only 81 different halves (four values of three levels)
/// or 64 (two values of eight), so the costs of all halves are worked out first, and the cost of an
/// entry is the sum of two of them. Entries with the same first half make a run. Runs are sorted by
/// length, which lets the CPU foresee where each ends, and padded to fours with copies of an entry.
public struct Codebook {
  /// For each run, the offset in bytes of its first half's cost.
  @usableFromInline let firsts: UnsafePointer<UInt16>
  /// For each run, where it begins among all entries; after the last, where that ends.
  @usableFromInline let starts: UnsafePointer<UInt16>
  /// How many runs there are.
  @usableFromInline let runCount: Int
  /// For each entry, the offset in bytes of its second half's cost.
  @usableFromInline let seconds: UnsafePointer<UInt16>
  /// For each entry, its number in the codebook.
  @usableFromInline let numbers: UnsafePointer<UInt16>
  /// The values of the codebook's entries, by their numbers.
  @usableFromInline let values: UnsafePointer<Float>
  /// The levels that values have, rising.
  @usableFromInline let levels: UnsafePointer<Float>
  /// How many levels there are.
  @usableFromInline let levelCount: Int
  /// Weights of a group: 8 with three levels, 4 with eight.
  @usableFromInline let groupWeights: Int

  /// Describes a codebook that outlives the search.
  ///
  /// - Parameters:
  ///   - tables: `firsts`, `starts`, `seconds` and `numbers`, one after the other.
  ///   - runCount: How many runs there are.
  ///   - entryCount: How many entries, with the padding.
  ///   - values: The values of the entries.
  ///   - levels: The levels that values have.
  ///   - levelCount: How many levels there are.
  ///   - groupWeights: Weights of a group.
  public init(
    tables: UnsafePointer<UInt16>, runCount: Int, entryCount: Int, values: UnsafePointer<Float>,
    levels: UnsafePointer<Float>, levelCount: Int, groupWeights: Int
  ) {
    firsts = tables
    starts = tables + runCount
    seconds = tables + 2 * runCount + 1
    numbers = tables + 2 * runCount + 1 + entryCount
    self.runCount = runCount
    self.values = values
    self.levels = levels
    self.levelCount = levelCount
    self.groupWeights = groupWeights
  }

  /// How many different quarters of a group there are: pairs of three levels, or one of eight.
  @inlinable @inline(always)
  var quarters: Int { groupWeights == 8 ? levelCount * levelCount : levelCount }
}

/// How a format's signs relate to its codebook.
public enum GridSigns: Sendable {
  /// The codebook holds magnitudes; every weight has a sign of its own.
  case free
  /// The codebook holds magnitudes; of each eight signs an even number is negative.
  case even
  /// The codebook holds values of either sign, and all values of a sub-block are shifted alike.
  case shifted
  /// As `shifted`, each group by itself.
  case groupShifted

  /// Whether values are shifted.
  @inlinable @inline(always)
  var isShifted: Bool { self == .shifted || self == .groupShifted }
}

/// What a format asks of a grid search.
public struct GridShape: Sendable {
  /// Sub-blocks, codes, and the ladder. `levels` is the largest value at a scale of 1; a ladder's rung
  /// is the value that the largest weight is taken for. There must be a round.
  public var base: SearchShape
  /// What signs the format has.
  public var signs: GridSigns
  /// How many scales around the best of the ladder are tried with the true cost; the ladder itself
  /// only rounds each weight to its nearest level.
  public var closeTrials: Int
  /// Whether codes are tried with the true cost.
  public var exactCodes: Bool
  /// Whether the half is fitted to the nearest levels instead of to entries.
  public var fitsLevels = false

  /// Describes a search.
  public init(_ base: SearchShape, signs: GridSigns, closeTrials: Int = 0, exactCodes: Bool = true)
  {
    self.base = base
    self.signs = signs
    self.closeTrials = closeTrials
    self.exactCodes = exactCodes
  }

  /// What the ladder's scale is multiplied by in close trial `index`: steps of 8 %.
  @inlinable @inline(always)
  func closeFactor(_ index: Int) -> Float { 1 + 0.08 * Float(index - closeTrials / 2) }
}
