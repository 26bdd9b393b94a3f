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

  /// Its attention; `nil` for a layer without a cache of its own.
  public var attention: Attention?
  /// Its state; `nil` for a layer without one.
  public var recurrence: Recurrence?
}
