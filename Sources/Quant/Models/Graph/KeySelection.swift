// SPDX-License-Identifier: MIT
public import GGUF

/// Which of the keys before it a query looks at, where it does not look at all of them.
public struct KeySelection: Sendable {
  /// How many are chosen.
  public var choice: KeyChoice
  /// What chooses; `nil` where an earlier layer's choice holds.
  public var indexer: IndexerGraph?
  /// Where the choice is kept for later layers, or was kept by an earlier one.
  public var slot: CarriedSlot?
  /// Numbers that tell a query's choice, for each group of heads that has one of its own.
  public var columns: Int

  /// Keys that one number tells of: as many as it has bits that all count.
  package static let keysOfNumber = 24

  /// Numbers that tell which of so many keys are seen.
  package static func columns(keys: Int) -> Int { (keys + keysOfNumber - 1) / keysOfNumber }
}

/// How many keys are chosen, and in what portions.
public enum KeyChoice: Sendable, Hashable {
  /// So many by themselves.
  case keys(Int)
  /// So many pools of consecutive keys that are complete, and all keys behind the last of these.
  case pools(Int, size: Int)
  /// So many blocks of consecutive keys, for each key and value head by itself: its last ones, and others
  /// by the best of their keys.
  case blocks(Int, size: Int, last: Int)

  /// Keys of what is chosen.
  package var size: Int {
    switch self {
    case .keys: 1
    case .pools(_, let size), .blocks(_, let size, _): size
    }
  }

  /// Whether all queries of a window see all keys before them.
  package func isWhole(length: Int) -> Bool {
    switch self {
    case .keys(let count): length <= count
    case .pools(let count, let size): length / size <= count
    case .blocks(let count, let size, _): (length + size - 1) / size <= count
    }
  }
}

/// Scores keys by products with a few narrow heads (the lightning indexer of DeepSeek's sparse
/// attention): the sum over heads of weight · max(0, query · key), or for blocks the product of the one
/// head that a key and value head has.
///
/// Factors that all scores of a query share are left out: they change no choice.
public struct IndexerGraph: Sendable {
  /// To all heads' queries.
  public var query: Linear
  /// Whether queries are made of the narrow vector of latent attention's, not of the layer's input.
  public var queriesFromLatent: Bool
  /// To the one key of all heads.
  public var key: Linear
  /// Heads.
  public var heads: Int
  /// Numbers of a query or key.
  public var size: Int
  /// Of each query.
  public var queryNorm: Norm?
  /// Of keys.
  public var keyNorm: Norm?
  /// Of queries and keys, behind the norms.
  public var rotation: Rotation?
  /// The first number that rotation turns.
  public var rotatedFrom = 0
  /// To each head's weight; all are 1 if missing.
  public var weights: Linear?
  /// How the keys of a pool become one.
  public var pooling: IndexPooling?

  /// The products, in the order in which they are computed.
  package var products: [Linear] {
    [query, key] + [weights, pooling?.gate].compactMap { $0 }
  }
}

/// The mean of a pool's keys with weights for each of their numbers: the softmax over the pool of a
/// product of the layer's input and what belongs to the place within the pool.
public struct IndexPooling: Sendable {
  /// The product.
  public var gate: Linear
  /// A row for each place.
  public var places: TensorInfo

  package init(gate: Linear, places: TensorInfo) { (self.gate, self.places) = (gate, places) }
}
