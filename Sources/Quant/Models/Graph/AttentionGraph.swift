// SPDX-License-Identifier: MIT
public import GGUF

/// Which positions a position sees, itself among them: earlier ones, and later ones where attention is not
/// causal.
public enum AttentionWindow: Sendable, Hashable {
  /// All.
  case full
  /// The last so many.
  case sliding(Int)
  /// Those since the last multiple of so many.
  case chunked(Int)
  /// Those at most half of so many away.
  case symmetric(Int)

  /// The first position that position `query` sees.
  package func first(for query: Int) -> Int {
    switch self {
    case .full: 0
    case .sliding(let size): max(0, query - size + 1)
    case .chunked(let size): query / size * size
    case .symmetric(let size): max(0, query - size / 2)
    }
  }

  /// Where those end that position `query` sees without a causal mask.
  package func end(for query: Int) -> Int {
    if case .symmetric(let size) = self { query + size / 2 + 1 } else { .max }
  }
}

/// How queries, keys and values are made.
public enum AttentionInput: Sendable {
  /// Three products.
  case separate(query: Linear, key: Linear, value: Linear)
  /// One product: all queries, then all keys, then all values. Biases may stand apart.
  case fused(Linear, queryBias: TensorInfo?, keyBias: TensorInfo?, valueBias: TensorInfo?)
  /// Two products: values are keys as they come out of theirs.
  case keysAsValues(query: Linear, key: Linear)
  /// Keys and values through a narrow latent vector (DeepSeek's multi-head latent attention).
  case latent(LatentAttention)
  /// Three products, keys and values of what is kept in a slot.
  case cross(query: Linear, key: Linear, value: Linear, CarriedSlot)
  /// Queries alone: keys and values are those that an earlier layer kept.
  case shared(query: Linear, KeptKeys)
}

/// A learned summand of scores for each head and bucket of distances (T5). The first half of the buckets
/// are for one distance each, and the others grow.
public struct DistanceBias: Sendable {
  /// One row a bucket, a number a head.
  public var tensor: TensorInfo
  /// How many buckets there are: at least 4, and less than twice `longest`.
  public var buckets: Int
  /// Whether half of the buckets are for later keys.
  public var isBothWays: Bool
  /// The distance from which all share the last bucket.
  public var longest = 128

  package init(tensor: TensorInfo, buckets: Int, isBothWays: Bool) {
    self.tensor = tensor
    self.buckets = buckets
    self.isBothWays = isBothWays
  }
}

/// Where keys and values of a layer are kept for later ones.
public struct KeptKeys: Sendable {
  /// Keys, rotated.
  public let keys: CarriedSlot
  /// Values.
  public let values: CarriedSlot

  package init(keys: CarriedSlot, values: CarriedSlot) {
    self.keys = keys
    self.values = values
  }
}

/// What the values that heads give are multiplied with before the output product.
public struct AttentionGate: Sendable {
  /// What becomes of the gate's numbers first.
  public enum Function: Sendable {
    /// Sigmoid.
    case sigmoid
    /// The logarithm of one more than the exponential.
    case softplus
  }
  /// Where its numbers come from.
  public enum Source: Sendable {
    /// A product of the layer's normed input: a number for each value, or one for each head.
    case linear(Linear)
    /// The product that makes queries: each head's queries are followed by as many numbers of the gate.
    case query
  }
  /// Where its numbers come from.
  public var source: Source
  /// What becomes of them.
  public var function = Function.sigmoid

  package init(_ source: Source, _ function: Function = .sigmoid) {
    self.source = source
    self.function = function
  }
}

/// Keys and values made from a latent vector that all heads share.
public struct LatentAttention: Sendable {
  /// How queries are made.
  public enum Query: Sendable {
    /// By one product.
    case direct(Linear)
    /// Through a narrow vector.
    case compressed(down: Linear, norm: Norm, up: Linear)
  }
  /// How the latent vector becomes keys and values.
  public enum Expansion: Sendable {
    /// One product: each head's keys, then its values.
    case joint(Linear)
    /// A matrix a head for each: keys transposed (`latent` rows), values `valueSize` rows.
    case perHead(key: TensorInfo, value: TensorInfo)
  }
  /// How queries are made.
  public var query: Query
  /// To the latent vector and, after it, the rotated part of the key.
  public var down: Linear
  /// Of the latent vector.
  public var norm: Norm
  /// Of the part of keys that all heads share, before it is rotated.
  public var sharedNorm: Norm?
  /// How it becomes keys and values.
  public var expansion: Expansion
  /// Numbers of the latent vector.
  public var latent: Int
}

/// A norm of queries or keys.
public enum HeadNorm: Sendable {
  /// Of each head by itself.
  case perHead(Norm)
  /// Of each head by itself, with factors of its own: one head after the other.
  case eachHead(Norm)
  /// Of all heads together.
  case whole(Norm)
}

/// Attention of one layer.
public struct AttentionGraph: Sendable {
  /// How queries, keys and values are made.
  public var input: AttentionInput
  /// Query heads.
  public var heads: Int
  /// Key and value heads: each serves `heads / keyValueHeads` query heads.
  public var keyValueHeads: Int
  /// Numbers of a query or key.
  public var keySize: Int
  /// Numbers of a value.
  public var valueSize: Int
  /// Norms of queries, before rotation.
  public var queryNorm: HeadNorm?
  /// Likewise for keys.
  public var keyNorm: HeadNorm?
  /// Likewise for values.
  public var valueNorm: HeadNorm?
  /// Whether the norms of queries and keys come after rotation.
  public var rotatesFirst = false
  /// If not zero, queries, keys and values are limited to as much before anything else is done.
  public var clamp: Float = 0
  /// Whether each head of both is normed after rotation, without weights.
  public var normsAfterRotation = false
  /// The rotation, if the layer has one.
  public var rotation: Rotation?
  /// The factor on products of queries and keys.
  public var scale: Float
  /// If not zero, scores x become cap · tanh(x / cap).
  public var cap: Float = 0
  /// If not zero, scores fall with distance, by slopes that begin with this power of two (ALiBi).
  public var slopeBias: Float = 0
  /// What is added to scores by how far keys are from queries.
  public var distanceBias: DistanceBias?
  /// What a position sees.
  public var window = AttentionWindow.full
  /// Which of the keys that its window holds a query looks at, if not at all of them.
  public var selection: KeySelection?
  /// Whether a position sees no later ones.
  public var isCausal = true
  /// A score for each head that takes part in the softmax and has no value.
  public var sinks: TensorInfo?
  /// A factor on queries that grows with their position, if there is one.
  public var temperature: AttentionTemperature?
  /// What the heads' values are multiplied with, if there is anything.
  public var gate: AttentionGate?
  /// Of the values that all heads give together, before the output product.
  public var innerNorm: Norm?
  /// Where keys and values are kept for later layers: as they are attended to.
  public var keeps: KeptKeys?
  /// From the heads' values back to the model's width.
  public var output: Linear
}

/// Rotary embedding.
public struct Rotation: Sendable {
  /// Which numbers are turned together.
  public enum Pairing: Sendable {
    /// Neighbours (llama.cpp's NORM).
    case neighbours
    /// One of each half (NEOX).
    case halves
  }
  /// How angles are made smaller for long contexts.
  public enum Scaling: Sendable {
    /// All by one factor.
    case linear(Float)
    /// By a factor that depends on the frequency (YaRN): pairs that turn more than `fast` times within
    /// the original context stay as they are; those that turn less than `slow` times are slowed down.
    case yarn(factor: Float, originalContext: Int, fast: Float = 32, slow: Float = 1)
  }
  /// Which numbers are turned together.
  public var pairing: Pairing
  /// Numbers of a head that are turned, from the first on.
  public var dimensions: Int
  /// The base of the frequencies.
  public var base: Float
  /// How angles are made smaller.
  public var scaling = Scaling.linear(1)
  /// A divisor for each pair's angle.
  public var factors: TensorInfo?
  /// Pairs that are not turned, though they are among `dimensions`.
  public var stillPairs: Set<Int> = []
  /// A factor on the rotated numbers.
  public var magnitude: Float = 1
}
