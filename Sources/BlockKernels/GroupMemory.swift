// SPDX-License-Identifier: MIT

/// The working memory of one group of 16 sub-blocks, and where a search leaves what it found.
///
/// Kernels never allocate: their caller owns the memory and hands it in.
public struct GroupMemory {
  /// The most weights that a sub-block has.
  @usableFromInline static let mostWeights = 32

  /// Weight i of each sub-block at i, divided by the block's largest magnitude.
  public let weights: UnsafeMutablePointer<Lanes>
  /// How much an error at each of them matters.
  public let cares: UnsafeMutablePointer<Lanes>
  /// What a search derives from both.
  public let derived: UnsafeMutablePointer<Lanes>
  /// The lowest and the highest quant. They are read from memory so that the compiler sees one
  /// value for comparing and for choosing, and makes one instruction of both.
  public let bounds: UnsafeMutablePointer<Lanes>

  /// Found: quants as they are stored, the sub-blocks one after the other.
  public let quants: UnsafeMutablePointer<UInt8>
  /// Found: the stored scale of each sub-block, in formats that share a half between them.
  public let scaleCodes: UnsafeMutablePointer<Int8>
  /// Found: the stored min of each sub-block, likewise.
  public let minCodes: UnsafeMutablePointer<Int8>
  /// Found: for each sub-block the half-precision scale of its block.
  public let scales: UnsafeMutablePointer<Float>
  /// Found: for each sub-block the half-precision min of its block.
  public let mins: UnsafeMutablePointer<Float>

  /// Bytes that `init(at:)` divides up.
  public static let byteCount = (3 * mostWeights + 2) * 64 + mostWeights * 16 + 2 * 16 + 2 * 64
  /// What the address must be a multiple of.
  public static let alignment = 64

  /// Divides up `byteCount` bytes at an address of the right alignment.
  public init(at base: UnsafeMutableRawPointer) {
    let lanes = base.bindMemory(to: Lanes.self, capacity: 3 * Self.mostWeights + 2)
    weights = lanes
    cares = lanes + Self.mostWeights
    derived = lanes + 2 * Self.mostWeights
    bounds = lanes + 3 * Self.mostWeights
    var rest = base + (3 * Self.mostWeights + 2) * 64
    scales = rest.bindMemory(to: Float.self, capacity: 16)
    mins = (rest + 64).bindMemory(to: Float.self, capacity: 16)
    rest += 128
    quants = rest.bindMemory(to: UInt8.self, capacity: Self.mostWeights * 16)
    rest += Self.mostWeights * 16
    scaleCodes = rest.bindMemory(to: Int8.self, capacity: 16)
    minCodes = (rest + 16).bindMemory(to: Int8.self, capacity: 16)
  }
}

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

  /// Describes a search.
  public init(
    weights: Int, subBlocks: Int = 1, levels: Float, codes: Float = 0,
    firstStep: Float, lastStep: Float, steps: Int, bothSides: Bool, refits: Int = 0
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
  }

  /// How many levels rung `index` spans.
  @inlinable @inline(always)
  func span(_ index: Int) -> Float {
    levels + firstStep + Float(index) * ((lastStep - firstStep) / Float(max(steps - 1, 1)))
  }
}
