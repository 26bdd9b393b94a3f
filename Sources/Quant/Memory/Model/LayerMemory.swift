// SPDX-License-Identifier: MIT

/// What a layer keeps from token to token, as far as its size goes.
public struct LayerMemory: Sendable, Equatable {
  /// Attention over cached keys and values.
  public struct Attention: Sendable, Equatable {
    /// Query heads.
    public var heads: Int
    /// Heads of keys and values.
    public var keyValueHeads: Int
    /// Numbers in a key of one head, as it is cached.
    public var keySize: Int
    /// Numbers in a value of one head, as it is cached.
    public var valueSize: Int
    /// Whether keys and values are cached in one compressed row (MLA), so that there is no value cache.
    public var isLatent = false
    /// Whether only a window of the latest tokens is kept.
    public var isSliding = false
    /// Whether positions turn its queries and keys.
    public var isRotated = true
    /// Whether keys and values stay from batch to batch.
    public var isCached = true
    /// The earlier layer whose cache it reads, as it has none of its own; `nil` for one with a cache.
    public var sharedLayer: Int?

    /// Numbers of a token in the key cache.
    public var keyWidth: Int { keyValueHeads * keySize }
    /// Numbers of a token in the value cache.
    public var valueWidth: Int { isLatent ? 0 : keyValueHeads * valueSize }
  }

  /// A state of fixed size.
  public struct Recurrence: Sendable, Equatable {
    /// Numbers of the window of the convolution (or the shifted token).
    public var windowWidth: Int
    /// Numbers of the state.
    public var stateWidth: Int
  }

  /// A cache beside that of the attention.
  public struct Cache: Sendable, Equatable {
    /// How many rows it has.
    public enum Rows: Sendable, Equatable {
      /// One for each token of the context.
      case context
      /// One for so many tokens of the context.
      case compressed(Int)
      /// So many for each sequence, whatever the context, in 32-bit floats.
      case fixed(Int)
    }

    /// Numbers of a row.
    public var width: Int
    /// How many rows it has.
    public var rows: Rows
    /// Whether rows for tokens have the type of cached values, not of keys.
    public var isOfValues = false

    /// Makes a cache.
    public init(width: Int, rows: Rows) {
      self.width = width
      self.rows = rows
    }
  }

  /// Its attention; `nil` for a layer without one.
  public var attention: Attention?
  /// Its state; `nil` for a layer without one.
  public var recurrence: Recurrence?
  /// What else it keeps: keys of an indexer, compressed rows, states of compressors. Rows of numbers for
  /// tokens have the type of cached keys, unless said otherwise.
  public var caches: [Cache] = []
}
