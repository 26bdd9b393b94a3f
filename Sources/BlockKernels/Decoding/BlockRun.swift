// SPDX-License-Identifier: MIT

/// A codebook and the signs that go with it, in memory that stays.
public struct GridTables<Group: SIMD<Float>>: @unchecked Sendable {
  /// The values of each entry.
  public let entries: UnsafePointer<Group>
  /// The factors, 1 or -1, of every pattern of eight signs that a block can store.
  public let signs: UnsafePointer<SIMD8<Float>>

  /// Copies tables that have a row for every number a block can store.
  init(_ entries: [Group], signs: [SIMD8<Float>] = SignMasks.factors) {
    self.entries = lasting(entries)
    self.signs = lasting(signs)
  }
}

/// Blocks that follow each other, and where their weights go: what every decoder gets.
public struct BlockRun {
  /// The first block, at any address.
  public let blocks: UnsafeRawPointer
  /// How many blocks there are.
  public let count: Int
  /// Takes a float for each weight.
  public let weights: UnsafeMutableRawPointer

  /// Describes a run of `count` blocks.
  public init(blocks: UnsafeRawPointer, count: Int, weights: UnsafeMutableRawPointer) {
    self.blocks = blocks
    self.count = count
    self.weights = weights
  }
}
