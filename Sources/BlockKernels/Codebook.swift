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

/// The working memory of a grid search, and where it leaves what it found.
public struct GridMemory {
  /// The most halves that a codebook has.
  @usableFromInline static let mostHalves = 81
  /// The most groups of a sub-block.
  @usableFromInline static let mostGroups = 8

  /// Weights, importance and found scales, as for every search.
  public let group: GroupMemory
  /// What the codebook's values should come near to: magnitudes, or weights.
  @usableFromInline let targets: UnsafeMutablePointer<Lanes>
  /// The costs of all halves of a group: first ones and second ones.
  @usableFromInline let firstCosts: UnsafeMutablePointer<Lanes>
  @usableFromInline let secondCosts: UnsafeMutablePointer<Lanes>
  /// The costs of all quarters, four times up to nine.
  @usableFromInline let quarterCosts: UnsafeMutablePointer<Lanes>
  /// Levels times the scale under trial.
  @usableFromInline let multiples: UnsafeMutablePointer<Lanes>
  /// The better shift of each group, in the trial under way and in the best one.
  @usableFromInline let trialShifts: UnsafeMutablePointer<Lanes>
  @usableFromInline let bestShifts: UnsafeMutablePointer<Lanes>

  /// Found: the entry of each group; those of a sub-block one after the other.
  public let entries: UnsafeMutablePointer<UInt16>
  /// Found: for each eight weights the mask of negative ones.
  public let signs: UnsafeMutablePointer<UInt8>
  /// Found: for each group 1 where the shift is negative.
  public let shifts: UnsafeMutablePointer<UInt8>

  private static let lanes = 32 + 2 * mostHalves + 4 * 9 + 8 + 2 * mostGroups
  private static let groups = 16 * mostGroups
  /// Bytes that `init(at:)` divides up.
  public static let byteCount = lanes * 64 + groups * 4 + GroupMemory.byteCount
  /// What the address must be a multiple of.
  public static let alignment = GroupMemory.alignment

  /// Divides up `byteCount` bytes at an address of the right alignment.
  public init(at base: UnsafeMutableRawPointer) {
    let lanes = base.bindMemory(to: Lanes.self, capacity: Self.lanes)
    targets = lanes
    firstCosts = lanes + 32
    secondCosts = lanes + 32 + Self.mostHalves
    quarterCosts = lanes + 32 + 2 * Self.mostHalves
    multiples = quarterCosts + 36
    trialShifts = multiples + 8
    bestShifts = trialShifts + Self.mostGroups
    var rest = base + Self.lanes * 64
    group = GroupMemory(at: rest + Self.groups * 4)
    entries = rest.bindMemory(to: UInt16.self, capacity: Self.groups)
    rest += Self.groups * 2
    signs = rest.bindMemory(to: UInt8.self, capacity: Self.groups)
    shifts = (rest + Self.groups).bindMemory(to: UInt8.self, capacity: Self.groups)
  }
}
