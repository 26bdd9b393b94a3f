// SPDX-License-Identifier: MIT

/// A codebook of groups of weights, laid out for searching.
///
/// Each entry is cut into two halves. There are only 81 different halves (four values of three levels)
/// or 64 (two values of eight), so the costs of all halves are worked out first, and the cost of an
/// entry is the sum of two of them.
public struct Codebook {
  /// How many entries begin with each half, in the order of halves.
  @usableFromInline let runs: UnsafePointer<UInt16>
  /// The second half of each entry, sorted by first halves, as the offset of its cost in bytes.
  @usableFromInline let seconds: UnsafePointer<UInt16>
  /// The number of each entry in the codebook, sorted likewise.
  @usableFromInline let numbers: UnsafePointer<UInt16>
  /// The values of each entry, in the order of the codebook.
  @usableFromInline let values: UnsafePointer<Float>
  /// The levels that values have, rising.
  @usableFromInline let levels: UnsafePointer<Float>
  /// How many levels there are.
  @usableFromInline let levelCount: Int
  /// Weights of a group: 8 with three levels, 4 with eight.
  @usableFromInline let groupWeights: Int

  /// Describes a codebook that outlives the search.
  public init(
    runs: UnsafePointer<UInt16>, seconds: UnsafePointer<UInt16>, numbers: UnsafePointer<UInt16>,
    values: UnsafePointer<Float>, levels: UnsafePointer<Float>, levelCount: Int, groupWeights: Int
  ) {
    self.runs = runs
    self.seconds = seconds
    self.numbers = numbers
    self.values = values
    self.levels = levels
    self.levelCount = levelCount
    self.groupWeights = groupWeights
  }

  /// How many different quarters of a group there are: pairs of three levels, or one of eight.
  @inlinable @inline(__always)
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
  @inlinable @inline(__always)
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

  /// Found: the entry of each group; those of a sub-block one after the other.
  public let entries: UnsafeMutablePointer<UInt16>
  /// Found: for each eight weights the mask of negative ones.
  public let signs: UnsafeMutablePointer<UInt8>
  /// Found: for each group 1 where the shift is negative.
  public let shifts: UnsafeMutablePointer<UInt8>

  private static let lanes = 32 + 2 * mostHalves + 4 * 9 + 8
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
    var rest = base + Self.lanes * 64
    group = GroupMemory(at: rest + Self.groups * 4)
    entries = rest.bindMemory(to: UInt16.self, capacity: Self.groups)
    rest += Self.groups * 2
    signs = rest.bindMemory(to: UInt8.self, capacity: Self.groups)
    shifts = (rest + Self.groups).bindMemory(to: UInt8.self, capacity: Self.groups)
  }
}
