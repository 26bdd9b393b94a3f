// SPDX-License-Identifier: MIT

/// Which kernel restores weights, and the tables that some of them look weights up in.
///
/// The blocks' layouts are drawn in the formats' own files.
public enum BlockDecoder {
  case F16, BF16
  case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q8_1
  case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, Q8_K
  case TQ1_0, TQ2_0, MXFP4, NVFP4, Q2_0
  case IQ4_NL(InlineArray<16, Float>)
  case IQ4_XS(InlineArray<16, Float>)
  case IQ1_S(GridTables<SIMD8<Float>>)
  case IQ1_M(GridTables<SIMD8<Float>>)
  case IQ2_XXS(GridTables<SIMD8<Float>>)
  case IQ2_XS(GridTables<SIMD8<Float>>)
  case IQ2_S(GridTables<SIMD8<Float>>)
  case IQ3_XXS(GridTables<SIMD4<Float>>)
  case IQ3_S(GridTables<SIMD4<Float>>)
  case Q1_0(GridTables<SIMD8<Float>>)
}

/// A codebook and the signs that go with it.
public struct GridTables<Group: SIMD<Float>> {
  /// The values of each entry.
  public let entries: UnsafePointer<Group>
  /// The factors, 1 or -1, of every pattern of eight signs that a block can store.
  public let signs: UnsafePointer<SIMD8<Float>>

  /// Describes tables that have a row for every number a block can store.
  public init(entries: UnsafePointer<Group>, signs: UnsafePointer<SIMD8<Float>>) {
    self.entries = entries
    self.signs = signs
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
