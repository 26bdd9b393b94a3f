// SPDX-License-Identifier: MIT

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
