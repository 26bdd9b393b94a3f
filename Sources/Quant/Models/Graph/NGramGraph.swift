// SPDX-License-Identifier: MIT
public import GGUF

/// What a layer adds to all streams for the last few tokens together: rows of a table that hashes of
/// token numbers choose, gated by what the streams hold, and smoothed by a convolution over tokens apart.
public struct NGramGraph: Sendable {
  /// How tokens choose rows.
  public var hash: NGramHash
  /// The rows.
  public var table: TensorInfo
  /// Where states keep the token.
  public var token: CarriedSlot
  /// From a token's rows, side by side, to a key for each stream.
  public var key: Linear
  /// From these to the value that all streams share.
  public var value: Linear
  /// Factors of the norms of keys, a row a stream.
  public var keyNorm: TensorInfo
  /// Likewise of streams.
  public var queryNorm: TensorInfo
  /// Likewise of gated values, before the convolution.
  public var valueNorm: TensorInfo
  /// Over all streams' numbers; its taps are `distance` tokens apart.
  public var convolution: ConvolutionGraph
  /// Tokens from tap to tap.
  public var distance: Int
}

/// How the last tokens choose rows of a table.
///
/// The n last tokens' numbers, each times its multiplier, are joined by exclusive or; for each n from 2 on,
/// some heads take the remainder by their number of rows, and count on from their first row.
public struct NGramHash: Sendable {
  /// One for the token itself, then for those before it.
  public var multipliers: [UInt64]
  /// Heads of each n.
  public var heads: Int
  /// Rows of each head, for all n.
  public var rows: [Int]
  /// The first row of each.
  public var first: [Int]
  /// The token that stands for those before a text begins.
  public var end: Int

  package init(multipliers: [UInt64], heads: Int, rows: [Int], first: [Int], end: Int) {
    self.multipliers = multipliers
    self.heads = heads
    self.rows = rows
    self.first = first
    self.end = end
  }

  /// The rows of the token at a place of a text.
  ///
  /// Tokens before the text, and before a token that ends one, count as such a token.
  package func rows(of tokens: [Int], at place: Int) -> [Int] {
    var (mixed, hasEnded): (UInt64, Bool) = (0, false)
    var found: [Int] = []
    for distance in multipliers.indices {
      let token = hasEnded || distance > place ? end : tokens[place - distance]
      if distance > 0, token == end { hasEnded = true }
      mixed ^= UInt64(token) &* multipliers[distance]
      guard distance > 0 else { continue }
      for head in (distance - 1) * heads..<distance * heads {
        found.append(Int(mixed % UInt64(rows[head])) + first[head])
      }
    }
    return found
  }
}
