// SPDX-License-Identifier: MIT

/// The working memory of one group of 16 sub-blocks, and where a search leaves what it found.
///
/// Kernels never allocate: their caller owns the memory and hands it in.
public struct GroupMemory {
  /// The most weights that a sub-block, or a block without any, has.
  @usableFromInline static let mostWeights = 64

  /// How many halves are tried for a block.
  @usableFromInline static let rungs = 11

  /// Weight i of each sub-block at i, divided by the block's largest magnitude.
  public let weights: UnsafeMutablePointer<Lanes>
  /// How much an error at each of them matters.
  public let errorWeights: UnsafeMutablePointer<Lanes>
  /// What a search derives from both.
  public let derived: UnsafeMutablePointer<Lanes>
  /// The error of each sub-block with each of the halves tried.
  public let rungErrors: UnsafeMutablePointer<Lanes>
  /// A vector on its way between lanes.
  public let spare: UnsafeMutablePointer<Lanes>
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
  public static let byteCount =
    (3 * mostWeights + rungs + 5) * 64 + mostWeights * 16 + 2 * 16 + 2 * 64
  /// What the address must be a multiple of.
  public static let alignment = 64

  /// Divides up `byteCount` bytes at an address of the right alignment.
  public init(at base: UnsafeMutableRawPointer) {
    let lanes = base.bindMemory(to: Lanes.self, capacity: 3 * Self.mostWeights + Self.rungs + 5)
    weights = lanes
    errorWeights = lanes + Self.mostWeights
    derived = lanes + 2 * Self.mostWeights
    rungErrors = lanes + 3 * Self.mostWeights
    spare = rungErrors + Self.rungs
    bounds = spare + 1
    var rest = base + (3 * Self.mostWeights + Self.rungs + 5) * 64
    scales = rest.bindMemory(to: Float.self, capacity: 16)
    mins = (rest + 64).bindMemory(to: Float.self, capacity: 16)
    rest += 128
    quants = rest.bindMemory(to: UInt8.self, capacity: Self.mostWeights * 16)
    rest += Self.mostWeights * 16
    scaleCodes = rest.bindMemory(to: Int8.self, capacity: 16)
    minCodes = (rest + 16).bindMemory(to: Int8.self, capacity: 16)
  }
}
